import type { Pod } from '../api/types/core/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import type { Chain, NamedSet, Ruleset } from '../platform/nftables/ruleset.ts'

/** The table with what a node's Pods need beside Services. */
export const networkTable = 'ip kubets-network'

export interface HostRulesOptions {
  /** Addresses of this node's Pods. */
  readonly podCidr: string
  /** Addresses of all Pods: what goes there keeps its source address. */
  readonly clusterCidr: string
  /** Where this node's DNS server listens. */
  readonly dnsPort: number
}

/** The bit that says "masquerade me" for a Pod that reaches a host port of its own node. */
const hairpinMark = '0x2000'

/**
 * Masquerades what leaves the cluster, and leads host ports to their Pods. Pure.
 *
 * While the DNS server restarts, the kernel would tell clients that nobody listens, and they would fail at once; the
 * rule in `filter-output` keeps it silent, so that they ask again.
 */
export function renderHostRules(pods: readonly DeepReadonly<Pod>[], options: HostRulesOptions): Ruleset {
  const { podCidr, clusterCidr, dnsPort } = options
  const everywhere = new Map<string, string>()
  const byAddress = new Map<string, string>()
  for (const { protocol, hostIP, hostPort, target } of pods.flatMap(hostPortsOf)) {
    if (hostIP === undefined) everywhere.set(`${protocol} . ${hostPort}`, target)
    else byAddress.set(`${hostIP} . ${protocol} . ${hostPort}`, target)
  }
  const target = 'ipv4_addr . inet_service ;'
  const sets = new Map<string, NamedSet>([
    ['host-ports', { kind: 'map', definition: `type inet_proto . inet_service : ${target}`, elements: everywhere }],
    [
      'host-ports-by-address',
      { kind: 'map', definition: `type ipv4_addr . inet_proto . inet_service : ${target}`, elements: byAddress },
    ],
  ])
  const chains = new Map<string, Chain>([
    [
      'host-ports',
      {
        rules: [
          `ip saddr ${podCidr} mark set mark or ${hairpinMark}`,
          'dnat ip to ip daddr . meta l4proto . th dport map @host-ports-by-address',
          'dnat ip to meta l4proto . th dport map @host-ports',
        ],
      },
    ],
    [
      'nat-prerouting',
      { hook: 'type nat hook prerouting priority -99', rules: ['fib daddr type local jump host-ports'] },
    ],
    [
      'nat-output',
      {
        hook: 'type nat hook output priority -99',
        // The kernel routes no packet from a loopback address to a Pod.
        rules: ['fib daddr type local ip saddr != 127.0.0.0/8 jump host-ports'],
      },
    ],
    [
      'nat-postrouting',
      {
        hook: 'type nat hook postrouting priority 99',
        rules: [
          `mark and ${hairpinMark} != 0 mark set mark xor ${hairpinMark} ct status dnat masquerade`,
          `ip saddr ${podCidr} ip daddr != ${clusterCidr} masquerade`,
        ],
      },
    ],
    [
      'filter-output',
      {
        hook: 'type filter hook output priority 0',
        rules: [`icmp type destination-unreachable icmp code port-unreachable @th,240,16 ${dnsPort} drop`],
      },
    ],
  ])
  return { chains, sets }
}

interface HostPort {
  readonly protocol: string
  readonly hostIP: string | undefined
  readonly hostPort: number
  readonly target: string
}

/** Host ports of a Pod that has its address and runs. Pods on the host's own network need no rule. */
function hostPortsOf({ spec, status }: DeepReadonly<Pod>): HostPort[] {
  const address = status?.podIP
  if (!address || spec?.hostNetwork || status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort)
    .map(({ protocol = 'TCP', hostIP, hostPort, containerPort }) => ({
      protocol: protocol.toLowerCase(),
      hostIP: hostIP && hostIP !== '0.0.0.0' && hostIP.includes('.') ? hostIP : undefined,
      hostPort: hostPort!,
      target: `${address} . ${containerPort}`,
    }))
}
