import type { Duplex } from 'node:stream'
import { createWebSocketStream } from 'ws'
import { SpdySession } from '../spdy/session.ts'
import { connectSpdy, type SpdyTarget } from '../spdy/upgrade.ts'
import { connectWebSocket, type WebSocketTarget } from '../websocket/connection.ts'
import { portForwardHeaders, portForwardProtocol, tunnelPrefix } from './protocol.ts'

/** A connection that goes through a port-forward, and the stream that says why it failed, if it does. */
export interface ForwardedConnection {
  readonly data: Duplex
  readonly error: Duplex
}

/** The client's end of a port-forward. */
export interface PortForward {
  /** Opens one more connection to a port of the Pod. */
  open(port: number): Promise<ForwardedConnection>
  /** Settles when the session is over. Never rejects. */
  readonly closed: Promise<unknown>
  close(): void
}

/** Over SPDY. Rejects with UpgradeRefusedError when the server says no. */
export async function connectSpdyPortForward(target: Omit<SpdyTarget, 'protocols'>): Promise<PortForward> {
  const { session } = await connectSpdy({ ...target, protocols: [portForwardProtocol] })
  return forwardOver(session)
}

/** Over SPDY inside a WebSocket, kubectl's first choice. Rejects with UpgradeRefusedError when the server says no. */
export async function connectTunnelPortForward(target: Omit<WebSocketTarget, 'subprotocols'>): Promise<PortForward> {
  const { socket } = await connectWebSocket({ ...target, subprotocols: [tunnelPrefix + portForwardProtocol] })
  return forwardOver(new SpdySession({ transport: createWebSocketStream(socket), role: 'client' }))
}

function forwardOver(session: SpdySession): PortForward {
  let nextRequestId = 0
  return {
    async open(port) {
      const requestId = String(nextRequestId++)
      const headers = (streamType: string) =>
        new Map([
          [portForwardHeaders.streamType, streamType],
          [portForwardHeaders.port, String(port)],
          [portForwardHeaders.requestId, requestId],
        ])
      const error = await session.openStream(headers('error'))
      error.end()
      return { error, data: await session.openStream(headers('data')) }
    },
    closed: session.closed,
    close: () => session.close(),
  }
}
