import type { ClientHttp2Stream, IncomingHttpHeaders, SecureClientSessionOptions } from 'node:http2'
import type { Clock } from '../platform/clock.ts'
import { systemClock } from '../platform/clock.ts'
import { Http2Connection } from './http2-connection.ts'
import type { ApiRequest, ApiResponse, HttpEndpoint, Transport, WatchRequest, WatchStream } from './transport.ts'
import { statusErrorOf } from './typed-client.ts'
import { decodeWatchLines } from './watch-lines.ts'

export interface HttpTransportOptions {
  /** `https://host:port` */
  readonly url: string
  /** PEM of the authority that signed the server's certificate; the system's own if not given. */
  readonly certificateAuthority?: string
  /** PEM, together with `clientKey`. */
  readonly clientCertificate?: string
  readonly clientKey?: string
  /** Asked at every request, since tokens are renewed. */
  readonly token?: () => string | undefined
  readonly insecureSkipTlsVerify?: boolean
  /** The name to expect in the server's certificate where it is not the URL's. */
  readonly tlsServerName?: string
  readonly userAgent?: string
  readonly clock?: Clock
  /** For requests other than watches, until the whole answer is there. */
  readonly requestTimeoutMs?: number
}

const defaultRequestTimeoutMs = 60_000
const maxResponseBytes = 256 * 1024 * 1024
/** Five times the largest object a server takes, for what escaping adds. */
const maxWatchLineLength = 16 * 1024 * 1024
/** client-go asks as often when the server names a time to wait. */
const maxRetries = 10

/** Kubernetes over HTTP/2 with JSON bodies, all requests and watches on one connection. */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  return new HttpTransport(options)
}

class HttpTransport implements Transport {
  readonly endpoint: HttpEndpoint
  readonly #options: HttpTransportOptions
  readonly #clock: Clock
  readonly #connection: Http2Connection

  constructor(options: HttpTransportOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.endpoint = endpointOf(options)
    this.#connection = new Http2Connection({
      url: options.url,
      tls: tlsOptionsOf(options),
      clock: this.#clock,
      pingEveryMs: 30_000,
      pingTimeoutMs: 15_000,
      connectTimeoutMs: 30_000,
    })
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    for (let retries = 0; ; retries += 1) {
      const { retryAfterMs, ...response } = await this.#requestOnce(request)
      const mayRetry = response.status === 429 || response.status >= 500
      if (!mayRetry || retryAfterMs === undefined || retries >= maxRetries) return response
      await this.#clock.sleep(retryAfterMs, request.signal)
    }
  }

  async watch({ path, query, signal }: WatchRequest): Promise<WatchStream> {
    const request: ApiRequest = { method: 'GET', path, query: { ...query, watch: 'true' } }
    const { stream, headers } = await this.#exchange(request, signal)
    const status = statusOf(headers)
    if (status === 200) return decodeWatchLines(untilEnd(stream), maxWatchLineLength)
    throw statusErrorOf({ status, body: parseBody(headers, await readAll(stream, maxResponseBytes)) })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #requestOnce(request: ApiRequest): Promise<ApiResponse & { retryAfterMs: number | undefined }> {
    const timeoutMs = this.#options.requestTimeoutMs ?? defaultRequestTimeoutMs
    const expiry = new AbortController()
    const timer = this.#clock.setTimer(timeoutMs, () =>
      expiry.abort(new Error(`${request.method} ${request.path}: no answer within ${timeoutMs} ms`)),
    )
    const signal = request.signal ? AbortSignal.any([request.signal, expiry.signal]) : expiry.signal
    try {
      const { stream, headers } = await this.#exchange(request, signal)
      const body = parseBody(headers, await readAll(stream, maxResponseBytes))
      return { status: statusOf(headers), body, warnings: warningsOf(headers), retryAfterMs: retryAfterOf(headers) }
    } finally {
      timer.cancel()
    }
  }

  async #exchange(request: ApiRequest, signal: AbortSignal | undefined): Promise<Exchange> {
    signal?.throwIfAborted()
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body))
    const stream = await this.#connection.open(headersOf(request, body, this.#options), body !== undefined)
    const abort = () => stream.destroy(abortReason(signal))
    signal?.addEventListener('abort', abort, { once: true })
    stream.once('close', () => signal?.removeEventListener('abort', abort))
    if (signal?.aborted) abort()
    if (body) stream.end(body)
    return { stream, headers: await responseHeaders(stream) }
  }
}

function tlsOptionsOf(options: HttpTransportOptions): SecureClientSessionOptions {
  return {
    ...(options.certificateAuthority ? { ca: options.certificateAuthority } : {}),
    ...(options.clientCertificate ? { cert: options.clientCertificate } : {}),
    ...(options.clientKey ? { key: options.clientKey } : {}),
    ...(options.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
    ...(options.tlsServerName ? { servername: options.tlsServerName } : {}),
  }
}

interface Exchange {
  readonly stream: ClientHttp2Stream
  readonly headers: IncomingHttpHeaders
}

function headersOf(
  request: ApiRequest,
  body: Buffer | undefined,
  options: HttpTransportOptions,
): Record<string, string> {
  const query = new URLSearchParams(request.query).toString()
  const token = options.token?.()
  return {
    ':method': request.method,
    ':path': query === '' ? request.path : `${request.path}?${query}`,
    accept: request.accept ?? 'application/json',
    'user-agent': options.userAgent ?? 'kubets',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body
      ? { 'content-type': request.contentType ?? 'application/json', 'content-length': String(body.byteLength) }
      : {}),
  }
}

function responseHeaders(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    stream.once('response', resolve)
    // Stays for the stream's whole life: readers see the error too, but one after the last read must not be fatal.
    stream.on('error', reject)
    stream.once('close', () => reject(new Error('the connection was closed before the answer')))
  })
}

/** The chunks of a stream. Throws when it was cut before the server ended it, which Node reports as a plain end. */
async function* untilEnd(stream: ClientHttp2Stream): AsyncGenerator<Buffer> {
  let ended = false
  stream.once('end', () => {
    ended = true
  })
  yield* stream as AsyncIterable<Buffer>
  if (stream.aborted || !ended) throw new Error('the connection was closed in the middle of the stream')
}

async function readAll(stream: ClientHttp2Stream, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > limitBytes) throw new Error(`the answer is longer than ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('the request was aborted')
}

function statusOf(headers: IncomingHttpHeaders): number {
  return Number(headers[':status'] ?? 0)
}

function parseBody(headers: IncomingHttpHeaders, text: string): unknown {
  return headers['content-type']?.startsWith('application/json') && text !== '' ? JSON.parse(text) : text
}

/** `299 - "text"`, several joined by commas. Escapes are JSON's, near enough; the bytes, one a character, are UTF-8. */
function warningsOf({ warning }: IncomingHttpHeaders): readonly string[] {
  if (!warning) return []
  const text = Buffer.from(String(warning), 'latin1').toString()
  return [...text.matchAll(/299 \S+ ("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) => unquote(quoted!))
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, '$1')
}

function retryAfterOf(headers: IncomingHttpHeaders): number | undefined {
  const seconds = Number(headers['retry-after'])
  return headers['retry-after'] === undefined || Number.isNaN(seconds) ? undefined : seconds * 1000
}

function endpointOf(options: HttpTransportOptions): HttpEndpoint {
  const { url, certificateAuthority, clientCertificate, clientKey, token } = options
  return {
    url,
    ...(certificateAuthority ? { certificateAuthority } : {}),
    ...(clientCertificate ? { clientCertificate } : {}),
    ...(clientKey ? { clientKey } : {}),
    ...(token ? { token } : {}),
  }
}
