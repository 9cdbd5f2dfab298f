import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { formatJson } from '../../machinery/format-json.ts'
import type { Status } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Answer, ListAnswer, WatchAnswer } from '../request.ts'
import { type Body, encodeList, encodeObject, type Format, type ProtobufEncoder, WatchFramer } from './encode.ts'
import { listChunks } from './list-chunks.ts'
import {
  type Encoding,
  everyEncoding,
  hasCustomForm,
  mediaTypes,
  type NegotiatedMediaType,
  negotiate,
  takesGzip,
  wantsPretty,
} from './negotiate.ts'
import type { HttpRequestContext } from './request-context.ts'
import type { Responder, ResponseHeaders, ResponseStream } from './responder.ts'
import { sendChunks } from './send-chunks.ts'
import { WatchResponse } from './watch-response.ts'
import { acceptWatchSocket, wantsWebSocket } from './watch-socket.ts'

const compress = promisify(gzip)

/** Bodies from here on are compressed for clients that take gzip. After responsewriters/writers.go v1.36. */
const gzipThresholdBytes = 128 * 1024

/** All Warning texts of a response together; what goes beyond is cut. After apiserver endpoints/filters/warning.go. */
const maxWarningBytes = 4096

/** Clients send a handful of Accept headers, over and over. */
const rememberedAcceptHeaders = 256

const fallback: NegotiatedMediaType = { encoding: 'json', parameters: {} }

export interface AnswerWriterOptions {
  readonly clock: Clock
  readonly toProtobuf: ProtobufEncoder
}

/** Turns Answers into HTTP responses. One per server: it remembers what Accept headers mean and the last watch frame. */
export class AnswerWriter {
  readonly #clock: Clock
  readonly #toProtobuf: ProtobufEncoder
  readonly #framer: WatchFramer
  readonly #accepted = new Map<string, NegotiatedMediaType>()

  constructor({ clock, toProtobuf }: AnswerWriterOptions) {
    this.#clock = clock
    this.#toProtobuf = toProtobuf
    this.#framer = new WatchFramer(toProtobuf)
  }

  /** Resolves when the response is on its way; for a watch or a takeover, when it has ended. */
  async write(answer: Answer, context: HttpRequestContext, responder: Responder): Promise<void> {
    switch (answer.kind) {
      case 'object': {
        const body = encodeObject(answer.object, answer.encoded, this.#format(context), this.#toProtobuf)
        return this.#send(answer.status, body, context, responder)
      }
      case 'list':
        return this.#sendList(answer.list, context, responder)
      case 'status':
        return this.#sendStatus(answer.status, context, responder)
      case 'bytes':
        return responder.send(
          answer.status,
          { ...headersOf(context), ...answer.headers },
          typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body,
        )
      case 'watch':
        return this.#watch(answer.stream, context, responder)
      case 'takeover':
        return answer.run(responder.takeOver())
    }
  }

  #sendStatus(status: Status, context: HttpRequestContext, responder: Responder): Promise<void> | void {
    const extra: ResponseHeaders = {}
    const delay = status.details?.retryAfterSeconds
    if (delay) extra['retry-after'] = String(delay)
    if (status.code === 403) extra['x-content-type-options'] = 'nosniff'
    const { code = 200 } = status
    const format = code >= 400 ? this.#errorFormat(context) : this.#format(context)
    const body = format ? encodeObject(status, undefined, format, this.#toProtobuf) : plainBody(status)
    return this.#send(code, body, context, responder, extra)
  }

  /** A Status as indented JSON, for a client that takes none of the forms there are. After WriteRawJSON. */
  writePlain(status: Status, context: HttpRequestContext, responder: Responder): Promise<void> | void {
    return this.#send(status.code ?? 500, plainBody(status), context, responder)
  }

  #send(
    status: number,
    body: Body,
    context: HttpRequestContext,
    responder: Responder,
    extra?: ResponseHeaders,
  ): Promise<void> | void {
    const headers = headersOf(context)
    headers['content-type'] = mediaTypes[body.encoding]
    if (extra) Object.assign(headers, extra)
    if (body.bytes.length <= gzipThresholdBytes || !takesGzip(context.headers))
      return responder.send(status, headers, body.bytes)
    return sendCompressed(status, headers, body.bytes, responder)
  }

  #sendList(list: ListAnswer, context: HttpRequestContext, responder: Responder): Promise<void> | void {
    const body = encodeList(list, this.#format(context))
    if (body) return this.#send(200, body, context, responder)
    const chunks = listChunks(list)
    const first = chunks.next().value!
    const second = chunks.next().value
    if (!second) return this.#send(200, { encoding: 'json', bytes: first }, context, responder)
    const headers = headersOf(context)
    headers['content-type'] = mediaTypes.json
    return sendChunks({ chunks: inOrder(first, second, chunks), headers, context, responder })
  }

  async #watch(answer: WatchAnswer, context: HttpRequestContext, responder: Responder): Promise<void> {
    const { encoding } = this.#format(context)
    const stream = await openWatch(encoding, context, responder)
    if (!stream) return answer.stop()
    return new Promise((resolve) => {
      const options = { answer, stream, framer: this.#framer, encoding, clock: this.#clock, onEnd: resolve }
      const response = new WatchResponse(options)
      context.onClosed(() => {
        response.closed()
        stream.end()
      })
      response.start()
    })
  }

  #format(context: HttpRequestContext): Format {
    const accept = context.headers.get('accept')
    const custom = context.withoutProtobuf && accept?.includes('protobuf')
    return formatOf(custom ? negotiate(accept, everyEncoding, hasCustomForm) : this.#negotiated(accept), context)
  }

  /** Errors are never Tables nor metadata: who takes only those gets undefined, JSON as it comes. */
  #errorFormat(context: HttpRequestContext): Format | undefined {
    const accept = context.headers.get('accept')
    if (!accept?.includes('as=')) return formatOf(this.#negotiated(accept), context)
    const negotiated = negotiate(accept, everyEncoding, ({ as }) => as === undefined)
    return negotiated && formatOf(negotiated, context)
  }

  #negotiated(accept: string | undefined): NegotiatedMediaType {
    if (!accept) return fallback
    const known = this.#accepted.get(accept)
    if (known) return known
    if (this.#accepted.size >= rememberedAcceptHeaders) this.#accepted.clear()
    const negotiated = negotiate(accept, everyEncoding) ?? fallback
    this.#accepted.set(accept, negotiated)
    return negotiated
  }
}

function formatOf(negotiated: NegotiatedMediaType | undefined, context: HttpRequestContext): Format {
  const { encoding, parameters } = negotiated ?? fallback
  return { encoding, pretty: encoding === 'json' && (parameters.pretty === '1' || prettyFor(context)) }
}

function plainBody(status: Status): Body {
  return { encoding: 'json', bytes: Buffer.from(formatJson(status, 2)) }
}

function openWatch(
  encoding: Encoding,
  context: HttpRequestContext,
  responder: Responder,
): Promise<ResponseStream | undefined> | ResponseStream {
  const binary = encoding === 'protobuf'
  if (wantsWebSocket(context.headers)) return acceptWatchSocket(responder.takeOver(), { binary })
  const headers = headersOf(context)
  headers['content-type'] = binary ? `${mediaTypes.protobuf};stream=watch` : mediaTypes.json
  return responder.open(200, headers)
}

function prettyFor(context: HttpRequestContext): boolean {
  return wantsPretty(context.mentions('pretty') ? context.query : undefined, context.headers.get('user-agent'))
}

function headersOf(context: HttpRequestContext): ResponseHeaders {
  const headers: ResponseHeaders = { 'audit-id': context.requestId, 'cache-control': 'no-cache, private' }
  if (context.responseHeaders) Object.assign(headers, context.responseHeaders)
  if (context.warnings.length > 0) headers.warning = warningHeaders(context.warnings)
  return headers
}

function warningHeaders(warnings: readonly string[]): string[] {
  const values: string[] = []
  let bytes = 0
  for (const text of new Set(warnings)) {
    bytes += text.length
    if (bytes > maxWarningBytes) break
    values.push(`299 - ${quoteWarning(text)}`)
  }
  return values
}

/** A quoted-string without control characters. Node sends each character as one byte, and what is meant is UTF-8. */
function quoteWarning(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  const quoted = `"${text.replace(/[\u0000-\u001f\u007f]/g, '').replace(/["\\]/g, '\\$&')}"`
  return Buffer.from(quoted).toString('latin1')
}

function* inOrder<T>(first: T, second: T, rest: Iterable<T>): Iterable<T> {
  yield first
  yield second
  yield* rest
}

async function sendCompressed(
  status: number,
  headers: ResponseHeaders,
  bytes: Uint8Array,
  responder: Responder,
): Promise<void> {
  const compressed = await compress(bytes, { level: constants.Z_BEST_SPEED })
  headers['content-encoding'] = 'gzip'
  headers.vary = 'Accept-Encoding'
  responder.send(status, headers, compressed)
}
