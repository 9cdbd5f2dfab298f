import type { Readable } from 'node:stream'
import { badRequest, requestEntityTooLarge } from '../../machinery/errors.ts'
import type { RequestBody } from '../request.ts'

/** What upstream takes at most for a resource: 3 MiB. */
export const maxBodyBytes = 3 * 1024 * 1024

/** A body that is read from the connection when a handler asks for it, and no further than it allows. */
export function streamedBody(stream: Readable): RequestBody {
  return { kind: 'bytes', read: (limitBytes) => readAll(stream, limitBytes) }
}

function readAll(stream: Readable, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    stream.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length > limitBytes) {
        // Reads on into nothing: a client that is still writing would not see the answer otherwise.
        stream.removeAllListeners('data').resume()
        reject(requestEntityTooLarge(limitBytes))
      } else chunks.push(chunk)
    })
    stream.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    stream.once('aborted', () => reject(badRequest('the client closed the connection before its body was complete')))
    stream.once('error', (error) => reject(badRequest(`the body could not be read: ${error.message}`)))
  })
}
