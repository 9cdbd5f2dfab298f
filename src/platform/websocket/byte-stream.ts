import type { Readable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { ServerUpgrade } from '../http-upgrade.ts'
import { acceptWebSocket, negotiateSubprotocol } from './connection.ts'

/** Each message is a piece of the stream: its bytes, or their base64 as text. */
const subprotocols = ['', 'binary.k8s.io', 'base64.binary.k8s.io']

/**
 * Sends `source` to a WebSocket client, as fast as it reads, and closes at the end of either side; what the client says
 * is not read. Before the first piece goes an empty message, by which clients see that the stream is open. Resolves
 * when it is over; never rejects. After streaming httpstream/wsstream/stream.go.
 */
export async function sendByteStream(client: ServerUpgrade, source: Readable): Promise<void> {
  const subprotocol = negotiateSubprotocol(client, subprotocols)
  const socket = subprotocol === undefined ? undefined : await acceptWebSocket(client, subprotocol)
  if (!socket) {
    source.destroy()
    return
  }
  const asText = subprotocol === 'base64.binary.k8s.io'
  socket.on('close', () => source.destroy())
  socket.resume()
  try {
    await send(socket, asText ? '' : Buffer.alloc(0))
    for await (const piece of source) await send(socket, asText ? piece.toString('base64') : piece)
  } catch {
    // The client hung up or the source broke off: either is the end, and the closing tells it.
  } finally {
    source.destroy()
    socket.close()
  }
}

function send(socket: WebSocket, message: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => socket.send(message, (error) => (error ? reject(error) : resolve())))
}
