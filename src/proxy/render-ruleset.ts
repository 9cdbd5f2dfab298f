import { createHash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { Chain, NamedSet, Ruleset } from '../platform/nftables/ruleset.ts'
import { baseChains, masquerade } from './base-chains.ts'
import type { Target } from './endpoints.ts'
import type { ServicePort } from './service-view.ts'

export interface RenderOptions {
  /** Addresses of Pods: traffic from elsewhere gets the node's address when it goes to a Service. */
  readonly clusterCidr: string
  /** Addresses of Services: those that no Service has are dropped. */
  readonly serviceCidrs: readonly string[]
  /** This node's own address: allowed by source ranges, it may use the load balancer's address as its own. */
  readonly nodeAddress: string | undefined
}

/**
 * Services as nftables rules. A packet is looked up once in a verdict map by address, protocol and port, so its cost
 * does not grow with the number of Services. Pure: state in, rules out. After pkg/proxy/nftables proxier.go v1.36.
 */
export function renderRuleset(ports: readonly ServicePort[], options: RenderOptions): Ruleset {
  const chains = new Map<string, Chain>(baseChains(options))
  const elements = emptyElements()
  const affinitySets = new Map<string, NamedSet>()
  for (const port of ports) {
    addDestinations(port, elements)
    addServiceChains(port, { options, chains, affinitySets })
  }
  return { chains, sets: new Map([...namedSets(elements), ...affinitySets]) }
}

/** What stands in the sets and maps that every packet is looked up in. */
type Elements = ReturnType<typeof emptyElements>

function emptyElements() {
  return {
    clusterIPs: new Map<string, string>(),
    serviceIPs: new Map<string, string>(),
    nodePorts: new Map<string, string>(),
    refusedIPs: new Map<string, string>(),
    refusedNodePorts: new Map<string, string>(),
    firewalled: new Map<string, string>(),
    hairpins: new Map<string, string>(),
  }
}

function namedSets(elements: Elements): [string, NamedSet][] {
  const byAddress = 'type ipv4_addr . inet_proto . inet_service : verdict ;'
  const byPort = 'type inet_proto . inet_service : verdict ;'
  const hairpin = 'type ipv4_addr . ipv4_addr . inet_proto . inet_service ;'
  return [
    ['cluster-ips', { kind: 'set', definition: 'type ipv4_addr ;', elements: elements.clusterIPs }],
    ['hairpin-connections', { kind: 'set', definition: hairpin, elements: elements.hairpins }],
    ['service-ips', { kind: 'map', definition: byAddress, elements: elements.serviceIPs }],
    ['service-nodeports', { kind: 'map', definition: byPort, elements: elements.nodePorts }],
    ['no-endpoint-services', { kind: 'map', definition: byAddress, elements: elements.refusedIPs }],
    ['no-endpoint-nodeports', { kind: 'map', definition: byPort, elements: elements.refusedNodePorts }],
    ['firewall-ips', { kind: 'map', definition: byAddress, elements: elements.firewalled }],
  ]
}

/** Endpoints that a policy leaves for traffic from inside, and from outside. */
const internalTargets = (port: ServicePort) => (port.internalIsLocal ? port.local : port.cluster)
const externalTargets = (port: ServicePort) => (port.externalIsLocal ? port.local : port.cluster)

/** Without any endpoint a Service refuses; one that has some, but none that a policy allows here, drops. */
const refusal = (port: ServicePort) => (port.hasEndpoints ? 'drop' : 'goto reject-chain')

function addDestinations(port: ServicePort, elements: Elements): void {
  const { protocol, hasEndpoints, nodePort, loadBalancerIPs } = port
  const key = (address: string) => `${address} . ${protocol} . ${port.port}`
  const refusesOutside = externalTargets(port).length === 0
  for (const address of port.clusterIPs) {
    elements.clusterIPs.set(address, '')
    if (internalTargets(port).length > 0)
      elements.serviceIPs.set(key(address), `goto ${policyChain(port, port.internalIsLocal)}`)
    else elements.refusedIPs.set(key(address), refusal(port))
  }
  // Also where a policy leaves nothing for outside, Pods and the node itself are led on before they would be dropped.
  for (const address of [...port.externalIPs, ...loadBalancerIPs]) {
    if (hasEndpoints) elements.serviceIPs.set(key(address), `goto ${chainName('external', port)}`)
    if (refusesOutside) elements.refusedIPs.set(key(address), refusal(port))
  }
  if (port.sourceRanges.length > 0)
    for (const address of loadBalancerIPs) elements.firewalled.set(key(address), `goto ${chainName('firewall', port)}`)
  if (nodePort !== undefined) {
    if (hasEndpoints) elements.nodePorts.set(`${protocol} . ${nodePort}`, `goto ${chainName('external', port)}`)
    if (refusesOutside) elements.refusedNodePorts.set(`${protocol} . ${nodePort}`, refusal(port))
  }
  for (const { address, port: targetPort } of port.onThisNode)
    elements.hairpins.set(`${address} . ${address} . ${protocol} . ${targetPort}`, '')
}

interface Rendering {
  readonly options: RenderOptions
  readonly chains: Map<string, Chain>
  readonly affinitySets: Map<string, NamedSet>
}

function addServiceChains(port: ServicePort, { options, chains, affinitySets }: Rendering): void {
  const isExternal = port.nodePort !== undefined || port.externalIPs.length + port.loadBalancerIPs.length > 0
  if (isExternal && port.hasEndpoints)
    chains.set(chainName('external', port), { rules: externalRules(port, options.clusterCidr) })
  if (port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0)
    chains.set(chainName('firewall', port), { rules: [firewallRule(port, options.nodeAddress)] })
  for (const isLocal of [false, true]) {
    const targets = isLocal ? port.local : port.cluster
    if (targets.length > 0) chains.set(policyChain(port, isLocal), { rules: balance(port, targets) })
  }
  if (port.affinitySeconds === undefined) return
  for (const target of [...port.cluster, ...port.local]) {
    chains.set(chainName('endpoint', port, target), { rules: stickyEndpoint(port, target) })
    const definition = `type ipv4_addr ; flags dynamic,timeout ; timeout ${port.affinitySeconds}s ;`
    affinitySets.set(chainName('affinity', port, target), { kind: 'set', definition, elements: new Map() })
  }
}

/** Where traffic to external addresses goes. Under the policy Local it keeps its source address. */
function externalRules(port: ServicePort, clusterCidr: string): string[] {
  const onward = externalTargets(port).length > 0 ? [`goto ${policyChain(port, port.externalIsLocal)}`] : []
  if (!port.externalIsLocal) return [masquerade, ...onward]
  const everywhere = policyChain(port, false)
  // Pods and the node itself are not "outside": as if they went through a load balancer, they may go anywhere.
  const shortCuts =
    port.cluster.length > 0
      ? [
          `ip saddr ${clusterCidr} goto ${everywhere}`,
          `fib saddr type local ${masquerade}`,
          `fib saddr type local goto ${everywhere}`,
        ]
      : []
  return [...shortCuts, ...onward]
}

/** A node that may use the load balancer may come from its address: that is then one of the node's own. */
function firewallRule({ sourceRanges, loadBalancerIPs }: ServicePort, nodeAddress: string | undefined): string {
  const allowsNode = nodeAddress !== undefined && sourceRanges.some((range) => contains(range, nodeAddress))
  const allowed = [...sourceRanges, ...(allowsNode ? loadBalancerIPs : [])]
  return `ip saddr != { ${[...new Set(allowed)].join(', ')} } drop`
}

function contains(range: string, address: string): boolean {
  return ipaddr.isValidCIDR(range) && ipaddr.isValid(address) && ipaddr.parse(address).match(ipaddr.parseCIDR(range))
}

/** Each target as likely. With affinity a client that has been here lately goes where it went. */
function balance(port: ServicePort, targets: readonly Target[]): string[] {
  const choose = `numgen random mod ${targets.length}`
  if (port.affinitySeconds === undefined) {
    const choices = targets.map((target, i) => `${i} : ${target.address} . ${target.port}`).join(', ')
    return [`meta l4proto ${port.protocol} dnat ip addr . port to ${choose} map { ${choices} }`]
  }
  const endpoint = (target: Target) => chainName('endpoint', port, target)
  const sticky = targets.map((target) => `ip saddr @${chainName('affinity', port, target)} goto ${endpoint(target)}`)
  const choices = targets.map((target, i) => `${i} : goto ${endpoint(target)}`).join(', ')
  return [...sticky, `${choose} vmap { ${choices} }`]
}

function stickyEndpoint(port: ServicePort, target: Target): string[] {
  return [
    `update @${chainName('affinity', port, target)} { ip saddr }`,
    `meta l4proto ${port.protocol} dnat to ${target.address}:${target.port}`,
  ]
}

function policyChain(port: ServicePort, isLocal: boolean): string {
  return chainName(isLocal ? 'local' : 'service', port)
}

type ChainKind = 'service' | 'local' | 'external' | 'firewall' | 'endpoint' | 'affinity'

/** nftables takes 128 characters. */
const longestName = 120

/** `service-2QY5ZJ3K-default/web/tcp/http`: readable, and unique by its hash. */
function chainName(kind: ChainKind, { name, protocol, affinitySeconds }: ServicePort, target?: Target): string {
  const [service = '', portName = ''] = name.split(':')
  const suffix = target ? `__${target.address}/${target.port}${kind === 'affinity' ? `/${affinitySeconds}s` : ''}` : ''
  const text = `${service}/${protocol}/${portName}${suffix}`
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase()
  return `${kind}-${hash}-${text}`.slice(0, longestName)
}
