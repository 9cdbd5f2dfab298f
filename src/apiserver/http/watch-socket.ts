import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { acceptWebSocket, offeredSubprotocols } from '../../platform/websocket/connection.ts'
import { isBearerSubprotocol } from '../authentication/bearer-token.ts'
import type { Headers, RawConnection } from '../request.ts'
import type { ResponseStream } from './responder.ts'

/** What may wait in the socket before the client counts as slow: the window of an HTTP/2 stream. */
const maxBufferedBytes = 256 * 1024

export function wantsWebSocket(headers: Headers): boolean {
  const connection = headers.get('connection')?.toLowerCase() ?? ''
  return connection.includes('upgrade') && headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/**
 * The way a watch goes to a client that asked for a WebSocket, as browsers do: each event is a message, of text unless
 * `binary`. What the client says is not listened to. Undefined: the handshake was broken, and refused.
 * After apiserver endpoints/handlers WatchServer.HandleWS v1.36.
 */
export async function acceptWatchSocket(
  { request, socket, head }: RawConnection,
  { binary }: { readonly binary: boolean },
): Promise<ResponseStream | undefined> {
  const upgraded = request as IncomingMessage
  const [subprotocol = ''] = offeredSubprotocols(upgraded).filter((protocol) => !isBearerSubprotocol(protocol))
  const accepted = await acceptWebSocket(
    { request: upgraded, socket: socket!, head: head ?? Buffer.alloc(0) },
    subprotocol,
  )
  if (!accepted) return undefined
  accepted.resume()
  return new WatchSocket(accepted, binary)
}

class WatchSocket implements ResponseStream {
  readonly #socket: WebSocket
  readonly #binary: boolean
  #blocked = false
  #onDrain: () => void = () => {}

  constructor(socket: WebSocket, binary: boolean) {
    this.#socket = socket
    this.#binary = binary
  }

  write(chunk: Uint8Array): boolean {
    this.#socket.send(chunk, { binary: this.#binary }, () => this.#sent())
    this.#blocked = this.#socket.bufferedAmount > maxBufferedBytes
    return !this.#blocked
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback
  }

  end(): void {
    this.#socket.close()
  }

  destroy(): void {
    this.#socket.terminate()
  }

  #sent(): void {
    if (!this.#blocked || this.#socket.bufferedAmount > 0) return
    this.#blocked = false
    this.#onDrain()
  }
}
