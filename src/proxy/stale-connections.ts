import type { Target } from './endpoints.ts'
import type { ServicePort } from './service-view.ts'

/** A connection of the kernel's table that goes to a Service: where the client sent it, and who answers. */
export interface ServiceFlow {
  readonly destination: Target
  readonly responder: Target
}

/**
 * UDP connections to Services that lead to endpoints which no longer serve: the kernel would send a client's packets
 * there for as long as the client keeps sending. `listing` is what `conntrack -L -p udp` prints. Each flow once. Pure.
 * After pkg/proxy/conntrack/cleanup.go v1.36 CleanStaleEntries.
 */
export function staleFlows(listing: string, ports: readonly ServicePort[]): ServiceFlow[] {
  const byAddress = new Map<string, ReadonlySet<string>>()
  const byNodePort = new Map<number, ReadonlySet<string>>()
  for (const { clusterIPs, externalIPs, loadBalancerIPs, port, nodePort, serving } of udpPorts(ports)) {
    const endpoints = new Set(serving.map(textOf))
    for (const address of [...clusterIPs, ...externalIPs, ...loadBalancerIPs])
      byAddress.set(textOf({ address, port }), endpoints)
    if (nodePort !== undefined) byNodePort.set(nodePort, endpoints)
  }
  const stale = new Map<string, ServiceFlow>()
  for (const flow of listing.split('\n').flatMap(parseFlow)) {
    const { destination, responder } = flow
    const endpoints = byAddress.get(textOf(destination)) ?? byNodePort.get(destination.port)
    if (endpoints && !endpoints.has(textOf(responder))) stale.set(`${textOf(destination)} ${textOf(responder)}`, flow)
  }
  return [...stale.values()]
}

/** Services without endpoints need no cleaning: their packets are refused before the table is asked. */
function udpPorts(ports: readonly ServicePort[]): ServicePort[] {
  return ports.filter(({ protocol, serving }) => protocol === 'udp' && serving.length > 0)
}

/** Changes exactly when connections may have become stale. */
export function udpEndpointsDigest(ports: readonly ServicePort[]): string {
  return JSON.stringify(
    udpPorts(ports).map(({ clusterIPs, externalIPs, loadBalancerIPs, port, nodePort, serving }) => {
      return [clusterIPs, externalIPs, loadBalancerIPs, port, nodePort, serving]
    }),
  )
}

/** What `conntrack` must be told to forget a flow, whoever the client is. */
export function forgetFlow({ destination, responder }: ServiceFlow): string[] {
  return [
    ...['-D', '-p', 'udp'],
    ...['--orig-dst', destination.address, '--orig-port-dst', String(destination.port)],
    ...['--reply-src', responder.address, '--reply-port-src', String(responder.port)],
  ]
}

/** `udp 17 28 src=… dst=… sport=… dport=… src=… dst=… sport=… dport=… …`: first as sent, then as answered. */
function parseFlow(line: string): ServiceFlow[] {
  const values = (name: string) => [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map(([, value]) => value)
  const [destination] = values('dst')
  const [port] = values('dport')
  const [, responder] = values('src')
  const [, responderPort] = values('sport')
  if (!destination || !port || !responder || !responderPort) return []
  return [
    {
      destination: { address: destination, port: Number(port) },
      responder: { address: responder, port: Number(responderPort) },
    },
  ]
}

function textOf({ address, port }: Target): string {
  return `${address}:${port}`
}
