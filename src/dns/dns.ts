import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { endpointSlices, namespaces, services } from '../api/types/resources.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import { untilSynced } from '../client/until-synced.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { answerQuery, type Zone } from './answer-query.ts'
import type { ClusterView } from './cluster-view.ts'
import { createUpstream, withLength } from './upstream.ts'

export interface DnsOptions {
  readonly informers: SharedInformers
  readonly clusterDomain: string
  readonly address: string
  /** 0 takes any free port. */
  readonly port: number
  /** Who is asked for names outside the cluster. */
  readonly upstreamServers: readonly string[]
  /** 53 unless told otherwise. */
  readonly upstreamPort?: number
  readonly clock: Clock
  readonly log: Logger
}

export interface DnsServer {
  readonly port: number
  close(): Promise<void>
}

const maxTcpConnections = 256
const tcpIdleMs = 10_000

/** Serves the cluster's names on UDP and TCP once the caches are filled; throws when the port is taken, or `signal` aborts before. */
export async function startDns(options: DnsOptions, signal: AbortSignal): Promise<DnsServer> {
  const { informers, clusterDomain, upstreamServers, upstreamPort, clock } = options
  const view = await clusterView(informers, signal)
  const upstream = createUpstream({ servers: upstreamServers, clock, ...(upstreamPort && { port: upstreamPort }) })
  const zone: Zone = { clusterDomain, view, upstream, random: Math.random }
  const tcp = await listenOnTcp(options, zone)
  const { port } = tcp.server.address() as { port: number }
  try {
    const udp = await listenOnUdp(options, zone, port)
    return { port, close: async () => void (await Promise.all([closeUdp(udp), tcp.close()])) }
  } catch (error) {
    await tcp.close()
    throw error
  }
}

/** The indexes that make every question a lookup. */
export async function clusterView(informers: SharedInformers, signal: AbortSignal): Promise<ClusterView> {
  const serviceCache = informers.informerFor(services)
  const sliceCache = informers.informerFor(endpointSlices)
  const namespaceCache = informers.informerFor(namespaces)
  serviceCache.addIndex('address', ({ spec }) => spec?.clusterIPs ?? [])
  // An empty list is served as null, as upstream does.
  sliceCache.addIndex('address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))
  sliceCache.addIndex('service', ({ metadata: { namespace, labels } }) => {
    const service = labels?.['kubernetes.io/service-name']
    return service ? [`${namespace}/${service}`] : []
  })
  if (!(await untilSynced([serviceCache, sliceCache, namespaceCache], signal)))
    throw new Error('told to end before the caches were filled')
  return {
    service: (namespace, name) => serviceCache.get(`${namespace}/${name}`),
    hasNamespace: (name) => namespaceCache.get(name) !== undefined,
    endpointSlices: (namespace, service) => sliceCache.byIndex('service', `${namespace}/${service}`),
    servicesByAddress: (address) => serviceCache.byIndex('address', address),
    endpointSlicesByAddress: (address) => sliceCache.byIndex('address', address),
  }
}

function listenOnUdp({ address, log }: DnsOptions, zone: Zone, port: number): Promise<UdpSocket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' })
  socket.on('message', (message, sender) => {
    answerQuery(message, 'udp', zone).then(
      (answer) => answer && socket.send(answer, sender.port, sender.address, () => undefined),
      (error: unknown) => log.error('a DNS query could not be answered', { error }),
    )
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => {
      socket.off('error', reject)
      socket.on('error', (error) => log.warn('the DNS socket reports an error', { error }))
      resolve(socket)
    })
  })
}

function closeUdp(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

async function listenOnTcp(
  { address, port, log }: DnsOptions,
  zone: Zone,
): Promise<{ server: Server; close(): Promise<void> }> {
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    serveConnection(socket, zone).catch((error: unknown) => {
      log.debug('a DNS connection broke', { error })
      socket.destroy()
    })
  })
  server.maxConnections = maxTcpConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of connections) socket.destroy()
    })
  return { server, close }
}

/** Query after query, each with its length before it, until the client closes or is silent for long. */
async function serveConnection(socket: Socket, zone: Zone): Promise<void> {
  socket.setTimeout(tcpIdleMs, () => socket.destroy())
  let received = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0)
      const answer = await answerQuery(received.subarray(2, end), 'tcp', zone)
      received = received.subarray(end)
      if (answer) socket.write(withLength(answer))
    }
  }
}
