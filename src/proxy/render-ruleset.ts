import { createHash } from 'node:crypto'
import type { Chain, NamedSet, Ruleset } from '../platform/nftables/ruleset.ts'
import type { ServicePort, Target } from './service-view.ts'

export interface RenderOptions {
  /** Addresses of Pods: traffic from elsewhere gets the node's address when it goes to a Service. */
  readonly clusterCidr: string
}

/** The bit that says "masquerade me" between the hooks. kube-proxy's. */
const masqueradeMark = '0x4000'

/**
 * Services as nftables rules. A packet is looked up once in a verdict map by address, protocol and port, so its cost
 * does not grow with the number of Services. Pure: state in, rules out. After pkg/proxy/nftables.
 */
export function renderRuleset(ports: readonly ServicePort[], { clusterCidr }: RenderOptions): Ruleset {
  const chains = new Map<string, Chain>()
  const sets = new Map<string, NamedSet>()
  const serviceIPs = new Map<string, string>()
  const nodePorts = new Map<string, string>()
  const refusedIPs = new Map<string, string>()
  const refusedNodePorts = new Map<string, string>()
  for (const port of ports) {
    const { clusterIPs, externalIPs, nodePort, protocol } = port
    const inside = port.internal.length > 0 ? `goto ${serviceChain(chains, sets, port, clusterCidr)}` : undefined
    const outside = port.external.length > 0 ? `goto ${externalChain(chains, sets, port, clusterCidr)}` : undefined
    const put = (verdict: string | undefined, taken: Map<string, string>, refused: Map<string, string>, key: string) =>
      verdict ? taken.set(key, verdict) : refused.set(key, refusal(port))
    for (const address of clusterIPs) put(inside, serviceIPs, refusedIPs, `${address} . ${protocol} . ${port.port}`)
    for (const address of externalIPs) put(outside, serviceIPs, refusedIPs, `${address} . ${protocol} . ${port.port}`)
    if (nodePort) put(outside, nodePorts, refusedNodePorts, `${protocol} . ${nodePort}`)
  }
  const byAddress = 'type ipv4_addr . inet_proto . inet_service : verdict ;'
  const byPort = 'type inet_proto . inet_service : verdict ;'
  sets.set('service-ips', { kind: 'map', definition: byAddress, elements: serviceIPs })
  sets.set('service-nodeports', { kind: 'map', definition: byPort, elements: nodePorts })
  sets.set('no-endpoint-services', { kind: 'map', definition: byAddress, elements: refusedIPs })
  sets.set('no-endpoint-nodeports', { kind: 'map', definition: byPort, elements: refusedNodePorts })
  for (const [name, chain] of baseChains()) chains.set(name, chain)
  return { chains, sets }
}

/** Without any endpoint a Service refuses; one that has some, but none a policy allows here, drops. */
function refusal({ internal, external }: ServicePort): string {
  return internal.length === 0 && external.length === 0 ? 'goto reject-chain' : 'drop'
}

function baseChains(): [string, Chain][] {
  const refuse = [
    'ip daddr . meta l4proto . th dport vmap @no-endpoint-services',
    'fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @no-endpoint-nodeports',
  ]
  return [
    ['mark-for-masquerade', { rules: [`mark set mark or ${masqueradeMark}`] }],
    ['reject-chain', { rules: ['meta l4proto tcp reject with tcp reset', 'reject'] }],
    ['refuse', { rules: refuse }],
    [
      'services',
      {
        rules: [
          'ip daddr . meta l4proto . th dport vmap @service-ips',
          'fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports',
        ],
      },
    ],
    ['nat-prerouting', { hook: 'type nat hook prerouting priority -100', rules: ['jump services'] }],
    ['nat-output', { hook: 'type nat hook output priority -100', rules: ['jump services'] }],
    [
      'nat-postrouting',
      {
        hook: 'type nat hook postrouting priority 100',
        rules: [`mark and ${masqueradeMark} != 0 mark set mark xor ${masqueradeMark} masquerade fully-random`],
      },
    ],
    ['filter-input', { hook: 'type filter hook input priority -110', rules: ['ct state new jump refuse'] }],
    ['filter-forward', { hook: 'type filter hook forward priority -110', rules: ['ct state new jump refuse'] }],
    ['filter-output', { hook: 'type filter hook output priority -110', rules: ['ct state new jump refuse'] }],
  ]
}

type Chains = Map<string, Chain>
type Sets = Map<string, NamedSet>

/** Where traffic from inside goes. Traffic that does not come from a Pod is masqueraded, so that answers come back. */
function serviceChain(chains: Chains, sets: Sets, port: ServicePort, clusterCidr: string): string {
  const name = chainName('service', port, '')
  const addresses = port.clusterIPs.join(', ')
  const masquerade = `ip daddr { ${addresses} } ip saddr != ${clusterCidr} jump mark-for-masquerade`
  chains.set(name, { rules: [masquerade, ...balance(chains, sets, port, port.internal)] })
  return name
}

/** Where traffic from outside goes. Under the policy Local it keeps its source address. */
function externalChain(chains: Chains, sets: Sets, port: ServicePort, clusterCidr: string): string {
  const name = chainName('external', port, '')
  const inside = port.internal.length > 0 ? `goto ${chainName('service', port, '')}` : 'drop'
  const rules = port.keepsSource
    ? [
        `ip saddr ${clusterCidr} ${inside}`,
        'fib saddr type local jump mark-for-masquerade',
        ...balance(chains, sets, port, port.external),
      ]
    : ['jump mark-for-masquerade', ...balance(chains, sets, port, port.external)]
  chains.set(name, { rules })
  return name
}

/** A client that has been here lately goes where it went; anybody else to one of the targets, each as likely. */
function balance(chains: Chains, sets: Sets, port: ServicePort, targets: readonly Target[]): string[] {
  const names = targets.map((target) => endpointChain(chains, sets, port, target))
  const sticky =
    port.affinitySeconds === undefined ? [] : names.map((name) => `ip saddr @${affinitySet(name)} goto ${name}`)
  const choices = names.map((name, i) => `${i} : goto ${name}`).join(', ')
  return [...sticky, `numgen random mod ${names.length} vmap { ${choices} }`]
}

/** One target. A Pod that reaches itself through its Service must be masqueraded, or it would answer itself. */
function endpointChain(chains: Chains, sets: Sets, port: ServicePort, { address, port: targetPort }: Target): string {
  const name = chainName('endpoint', port, `${address}/${targetPort}`)
  const remember = port.affinitySeconds === undefined ? [] : [`update @${affinitySet(name)} { ip saddr }`]
  if (port.affinitySeconds !== undefined) {
    const definition = `type ipv4_addr ; flags dynamic,timeout ; timeout ${port.affinitySeconds}s ;`
    sets.set(affinitySet(name), { kind: 'set', definition, elements: new Map() })
  }
  const translate = `meta l4proto ${port.protocol} dnat to ${address}:${targetPort}`
  chains.set(name, { rules: [`ip saddr ${address} jump mark-for-masquerade`, ...remember, translate] })
  return name
}

function affinitySet(endpoint: string): string {
  return endpoint.replace('endpoint', 'affinity')
}

/** `service-2QY5ZJ3K-default/web/tcp/http`: readable, unique by its hash, within nftables' 128 characters. */
function chainName(kind: string, { name, protocol }: ServicePort, target: string): string {
  const text = `${name.replace(':', '/')}/${protocol}${target ? `__${target}` : ''}`
  const hash = createHash('sha256')
    .update(text)
    .digest('base64url')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 8)
  return `${kind}-${hash}-${text.replace(/[^A-Za-z0-9/._-]/g, '_')}`.slice(0, 120)
}
