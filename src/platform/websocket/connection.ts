import type { IncomingMessage } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type ClientTls,
  isUpgradeRequest,
  refuseUpgrade,
  type ServerUpgrade,
  tlsOptions,
  UpgradeRefusedError,
} from '../http-upgrade.ts'

/** The longest message taken. After golang.org/x/net/websocket DefaultMaxPayloadBytes. */
const maxPayload = 32 * 1024 * 1024

const subprotocolHeader = 'sec-websocket-protocol'

export function isWebSocketRequest(request: IncomingMessage): boolean {
  return isUpgradeRequest(request) && request.headers.upgrade?.toLowerCase() === 'websocket'
}

/** The subprotocols a client offers, best first. */
export function offeredSubprotocols(request: IncomingMessage): string[] {
  const offered = request.headers[subprotocolHeader] ?? ''
  return offered
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '')
}

/**
 * The first subprotocol of the client that is in `supported`; the empty string where it asks for none and that is
 * supported. Undefined: the client was refused with 403, as upstream does.
 */
export function negotiateSubprotocol(client: ServerUpgrade, supported: readonly string[]): string | undefined {
  const offered = offeredSubprotocols(client.request)
  const chosen = (offered.length === 0 ? [''] : offered).find((protocol) => supported.includes(protocol))
  if (chosen === undefined) {
    const body = `requested protocol(s) are not supported: [${offered.join(' ')}]; supports [${supported.join(' ')}]`
    refuseUpgrade(client.socket, { status: 403, body })
  }
  return chosen
}

/**
 * Answers the WebSocket handshake with `subprotocol`. Undefined: the handshake was broken, and refused with 400.
 * The socket is paused, so that no message is lost before somebody listens.
 */
export function acceptWebSocket(client: ServerUpgrade, subprotocol: string): Promise<WebSocket | undefined> {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload })
  // The library refuses names with a slash, and Kubernetes has some: `SPDY/3.1+portforward.k8s.io`.
  delete client.request.headers[subprotocolHeader]
  return new Promise((resolve) => {
    server.on('headers', (headers) => {
      if (subprotocol !== '') headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
    })
    server.on('wsClientError', (error) => {
      refuseUpgrade(client.socket, { status: 400, body: error.message })
      resolve(undefined)
    })
    server.handleUpgrade(client.request, client.socket, Buffer.from(client.head), (socket) => {
      // Errors end in 'close', which is what everybody listens to.
      socket.on('error', () => {})
      socket.pause()
      resolve(socket)
    })
  })
}

export interface WebSocketTarget {
  /** `https:` or `http:` as well as `wss:` and `ws:`. */
  readonly url: URL
  readonly tls?: ClientTls
  readonly subprotocols: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

export interface WebSocketConnection {
  /** Open, and paused, so that no message is lost before somebody listens. */
  readonly socket: WebSocket
  /** What the server chose; the empty string if it did not say. */
  readonly subprotocol: string
}

/** Rejects with UpgradeRefusedError for an answer other than 101. */
export function connectWebSocket({
  url,
  tls,
  subprotocols,
  headers = {},
}: WebSocketTarget): Promise<WebSocketConnection> {
  let subprotocol = ''
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload,
    headers: { ...headers, ...(subprotocols.length > 0 ? { [subprotocolHeader]: subprotocols.join(', ') } : {}) },
    ...tlsOptions(tls),
    // Subprotocols are negotiated here and not by the library, for the reason above.
    finishRequest(request) {
      request.prependListener('upgrade', (response) => {
        subprotocol = response.headers[subprotocolHeader] ?? ''
        delete response.headers[subprotocolHeader]
      })
      request.end()
    },
  })
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.pause()
      resolve({ socket, subprotocol })
    })
    // Stays attached: errors after the opening end in 'close', which is what everybody listens to.
    socket.on('error', reject)
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('close', () => {
        reject(new UpgradeRefusedError(response.statusCode ?? 0, Buffer.concat(parts).toString().trim()))
        socket.terminate()
      })
    })
  })
}
