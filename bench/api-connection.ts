import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { HttpTransportOptions } from '../src/client/http-transport.ts'

export type Credentials = Omit<HttpTransportOptions, 'clock' | 'requestTimeoutMs' | 'tlsServerName'>

/** As Go's HTTP/2 client: small windows would measure the network's round trips. */
const streamWindowBytes = 4 * 2 ** 20
const connectionWindowBytes = 2 ** 30

const endOfLine = 0x0a

/**
 * One HTTP/2 connection over TLS to a Kubernetes API server, as a client-go program has it, that hands answers over as
 * bytes: what is measured is the server, so the client does as little as it can.
 */
export class ApiConnection {
  readonly #session: ClientHttp2Session
  readonly #headers: Readonly<Record<string, string>>

  private constructor(session: ClientHttp2Session, headers: Readonly<Record<string, string>>) {
    this.#session = session
    this.#headers = headers
  }

  /** Resolves when the connection stands. Rejects when the server cannot be reached. */
  static open(credentials: Credentials): Promise<ApiConnection> {
    const { url, certificateAuthority, clientCertificate, clientKey, insecureSkipTlsVerify, token } = credentials
    const session = connect(url, {
      ...(certificateAuthority && { ca: certificateAuthority }),
      ...(clientCertificate && { cert: clientCertificate }),
      ...(clientKey && { key: clientKey }),
      rejectUnauthorized: !insecureSkipTlsVerify,
      settings: { initialWindowSize: streamWindowBytes },
    })
    const bearer = token?.()
    const headers = {
      accept: 'application/json',
      'user-agent': 'kubets-bench',
      ...(bearer && { authorization: `Bearer ${bearer}` }),
    }
    return new Promise((resolve, reject) => {
      session.on('error', reject)
      session.once('connect', () => {
        session.setLocalWindowSize(connectionWindowBytes)
        resolve(new ApiConnection(session, headers))
      })
    })
  }

  /** The answer's body. Throws for every status but 2xx. */
  async send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Buffer> {
    const { status, body: answer } = await this.#exchange(method, path, body)
    if (status >= 200 && status < 300) return answer
    throw new Error(`${method} ${path}: ${status} ${answer.toString('utf8', 0, 500)}`)
  }

  /** Reads an answer to its end and keeps nothing of it: lists of 90 MB would measure this side's memory. In bytes. */
  drain(path: string): Promise<number> {
    const stream = this.#request('GET', path)
    let [status, size] = [0, 0]
    return new Promise((resolve, reject) => {
      stream.on('error', reject)
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0
      })
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      stream.on('end', () => (status === 200 ? resolve(size) : reject(new Error(`GET ${path}: ${status}`))))
    })
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse((await this.send('GET', path)).toString('utf8')) as T
  }

  /** Creates the object unless it is there already. */
  async ensure(path: string, body: unknown): Promise<void> {
    const { status, body: answer } = await this.#exchange('POST', path, body)
    if (status !== 201 && status !== 409) throw new Error(`POST ${path}: ${status} ${answer.toString('utf8')}`)
  }

  /** Hands over each line of a watch until `signal` aborts. Resolves when the server has accepted it. */
  watch(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const stream = this.#request('GET', path)
    signal.addEventListener('abort', () => stream.close(constants.NGHTTP2_CANCEL), { once: true })
    return new Promise((resolve, reject) => {
      stream.once('error', reject)
      stream.once('response', ({ ':status': status }) => {
        if (status === 200) resolve()
        else reject(new Error(`watch ${path}: ${status}`))
      })
      readLines(stream, onLine)
    })
  }

  close(): void {
    this.#session.destroy()
  }

  #request(method: string, path: string, contentLength?: number): ClientHttp2Stream {
    const headers = { ...this.#headers, ':method': method, ':path': path }
    if (contentLength === undefined) return this.#session.request(headers)
    return this.#session.request({
      ...headers,
      'content-type': 'application/json',
      'content-length': String(contentLength),
    })
  }

  #exchange(method: string, path: string, body: unknown): Promise<{ status: number; body: Buffer }> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const stream = this.#request(method, path, bytes?.byteLength)
    const chunks: Buffer[] = []
    let status = 0
    return new Promise((resolve, reject) => {
      stream.on('error', reject)
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0
      })
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }))
      if (bytes) stream.end(bytes)
    })
  }
}

function readLines(stream: ClientHttp2Stream, onLine: (line: string) => void): void {
  let rest: Buffer[] = []
  stream.on('data', (chunk: Buffer) => {
    let start = 0
    for (let end = chunk.indexOf(endOfLine); end !== -1; end = chunk.indexOf(endOfLine, start)) {
      const line = chunk.subarray(start, end)
      onLine((rest.length > 0 ? Buffer.concat([...rest, line]) : line).toString('latin1'))
      rest = []
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
  })
}
