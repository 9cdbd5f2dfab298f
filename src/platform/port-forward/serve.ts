import { finished } from 'node:stream/promises'
import { createWebSocketStream } from 'ws'
import { refuseUpgrade, type ServerUpgrade } from '../http-upgrade.ts'
import { SpdySession, type SpdySessionOptions } from '../spdy/session.ts'
import { acceptSpdy, negotiateSpdyProtocol } from '../spdy/upgrade.ts'
import { openChannels } from '../websocket/channels.ts'
import {
  acceptWebSocket,
  isWebSocketRequest,
  negotiateSubprotocol,
  offeredSubprotocols,
} from '../websocket/connection.ts'
import { parsePort, portForwardProtocol, tunnelPrefix, tunnelSuffix } from './protocol.ts'
import { type ForwardOptions, forwardStreams } from './serve-spdy.ts'

/** A session on which nothing moves for so long is closed. After kubelet's streamingConnectionIdleTimeout. */
const idleTimeoutMs = 4 * 60 * 60 * 1000

/**
 * Serves a port-forward over whichever transport the client asks for: SPDY, SPDY inside a WebSocket, or plain
 * WebSocket channels with the ports in the query. Resolves when the session is over. Never rejects.
 */
export async function servePortForward(client: ServerUpgrade, options: ForwardOptions): Promise<void> {
  if (!isWebSocketRequest(client.request)) return serveSpdy(client, options)
  if (isTunnelRequest(client)) return serveTunnel(client, options)
  return serveChannels(client, options)
}

/** Whether the client wants SPDY inside a WebSocket: kubectl's first choice since 1.31. */
export function isTunnelRequest({ request }: ServerUpgrade): boolean {
  return isWebSocketRequest(request) && offeredSubprotocols(request).some(isTunnelProtocol)
}

export function isTunnelProtocol(protocol: string): boolean {
  return protocol.startsWith(tunnelPrefix) && protocol.endsWith(tunnelSuffix)
}

function sessionOptions(options: ForwardOptions): Omit<SpdySessionOptions, 'transport' | 'role'> {
  return { onStream: forwardStreams(options), idle: { clock: options.clock, timeoutMs: idleTimeoutMs } }
}

async function serveSpdy(client: ServerUpgrade, options: ForwardOptions): Promise<void> {
  const protocol = negotiateSpdyProtocol(client, [portForwardProtocol])
  if (protocol === undefined) return
  await acceptSpdy(client, protocol, sessionOptions(options))?.closed
}

async function serveTunnel(client: ServerUpgrade, options: ForwardOptions): Promise<void> {
  const subprotocol = negotiateSubprotocol(client, [tunnelPrefix + portForwardProtocol])
  const socket = subprotocol === undefined ? undefined : await acceptWebSocket(client, subprotocol)
  if (!socket) return
  const transport = createWebSocketStream(socket)
  await new SpdySession({ ...sessionOptions(options), transport, role: 'server' }).closed
}

const channelProtocols: Readonly<Record<string, 'binary' | 'base64'>> = {
  'v4.channel.k8s.io': 'binary',
  'v4.base64.channel.k8s.io': 'base64',
  '': 'binary',
}

/** The older form: for each port of the query a data and an error channel, both begun with the port in little endian. */
async function serveChannels(client: ServerUpgrade, { dial, target }: ForwardOptions): Promise<void> {
  const ports = portsOfQuery(new URL(client.request.url ?? '/', 'http://kubelet').searchParams)
  if ('refused' in ports) return refuseUpgrade(client.socket, { status: 400, body: ports.refused })
  const subprotocol = negotiateSubprotocol(client, Object.keys(channelProtocols))
  const socket = subprotocol === undefined ? undefined : await acceptWebSocket(client, subprotocol)
  if (!socket) return
  const channels = openChannels({
    socket,
    directions: ports.ports.flatMap(() => ['readWrite', 'write'] as const),
    encoding: channelProtocols[subprotocol!]!,
    closeSignal: 'none',
  })
  const forwarding = ports.ports.map(async (port, index) => {
    const [data, error] = [channels[index * 2]!, channels[index * 2 + 1]!]
    const prefix = Buffer.alloc(2)
    prefix.writeUInt16LE(port)
    data.write(prefix)
    error.write(prefix)
    try {
      const connection = await dial(port)
      data.pipe(connection).pipe(data)
      await finished(connection).finally(() => connection.destroy())
    } catch (reason) {
      error.write(
        `error forwarding port ${port} ${target}: ${reason instanceof Error ? reason.message : String(reason)}`,
      )
    }
  })
  await Promise.all(forwarding)
  socket.close()
}

function portsOfQuery(query: URLSearchParams): { readonly ports: number[] } | { readonly refused: string } {
  const values = query.getAll('port')
  if (values.length === 0) return { refused: 'query parameter "port" is required' }
  const ports: number[] = []
  for (const text of values.flatMap((value) => value.split(','))) {
    const parsed = text === '' ? { refused: 'query parameter "port" cannot be empty' } : parsePort(text)
    if ('refused' in parsed) return parsed
    ports.push(parsed.port)
  }
  return { ports }
}
