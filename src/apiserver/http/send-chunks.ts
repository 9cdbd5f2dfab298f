import { pipeline, Readable } from 'node:stream'
import { constants, createGzip } from 'node:zlib'
import { takesGzip } from './negotiate.ts'
import type { HttpRequestContext } from './request-context.ts'
import type { Responder, ResponseHeaders } from './responder.ts'

export interface ChunkedBody {
  readonly chunks: Iterable<Uint8Array>
  readonly headers: ResponseHeaders
  readonly context: HttpRequestContext
  readonly responder: Responder
}

/**
 * A response 200 in pieces, no faster than the client reads; compressed for clients that take gzip. Resolves when the
 * last piece is on its way or the client is gone. A failure on the way rejects, with the response cut off.
 */
export async function sendChunks({ chunks, headers, context, responder }: ChunkedBody): Promise<void> {
  const gzip = takesGzip(context.headers)
  if (gzip) {
    headers['content-encoding'] = 'gzip'
    headers.vary = 'Accept-Encoding'
  }
  const stream = responder.open(200, headers)
  let gone = false
  let proceed = (): void => {}
  stream.onDrain(() => proceed())
  context.onClosed(() => {
    gone = true
    proceed()
  })
  for await (const chunk of gzip ? compressed(chunks) : chunks) {
    if (gone) return
    if (stream.write(chunk)) continue
    await new Promise<void>((resolve) => {
      proceed = resolve
      if (gone) resolve()
    })
  }
  stream.end()
}

function compressed(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  // Errors reach whoever reads the compressed bytes.
  return pipeline(Readable.from(chunks), gzip, () => {})
}
