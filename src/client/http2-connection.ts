import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { Clock, Timer } from '../platform/clock.ts'

export interface ConnectionOptions {
  /** `https://host:port` */
  readonly url: string
  readonly tls: SecureClientSessionOptions
  readonly clock: Clock
  /** A silent connection is pinged this often. Go's ReadIdleTimeout in client-go: 30 s. */
  readonly pingEveryMs: number
  /** No answer to a ping for this long: the server counts as dead. 15 s in client-go. */
  readonly pingTimeoutMs: number
  readonly connectTimeoutMs: number
}

/** One HTTP/2 connection that is opened on demand and again after it broke. */
export class Http2Connection {
  readonly #options: ConnectionOptions
  #session: Promise<ClientHttp2Session> | undefined
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** A new stream on the connection. Rejects when the server cannot be reached. */
  async open(headers: Record<string, string>, hasBody: boolean): Promise<ClientHttp2Stream> {
    if (this.#closed) throw new Error('the transport is closed')
    this.#session ??= this.#connect()
    const session = await this.#session
    return session.request(headers, { endStream: !hasBody })
  }

  /** Ends every stream and the connection, and refuses new ones. */
  async close(): Promise<void> {
    this.#closed = true
    const session = await this.#session?.catch(() => undefined)
    session?.destroy()
  }

  #connect(): Promise<ClientHttp2Session> {
    const { url, tls, clock, connectTimeoutMs } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>()
    const session = connect(url, tls)
    const forget = () => {
      if (this.#session === promise) this.#session = undefined
    }
    const timeout = clock.setTimer(connectTimeoutMs, () =>
      session.destroy(new Error(`connect to ${url}: no answer within ${connectTimeoutMs} ms`)),
    )
    session.once('connect', () => {
      timeout.cancel()
      this.#keepAlive(session)
      resolve(session)
    })
    // After GOAWAY running streams go on, new ones need a new connection.
    session.once('goaway', forget)
    session.on('error', reject)
    session.once('close', () => {
      timeout.cancel()
      forget()
      reject(new Error(`connect to ${url}: the connection was closed`))
    })
    return promise
  }

  #keepAlive(session: ClientHttp2Session): void {
    const { clock, pingEveryMs, pingTimeoutMs } = this.#options
    let timer: Timer | undefined
    const ping = () => {
      if (session.destroyed) return
      const deadline = clock.setTimer(pingTimeoutMs, () =>
        session.destroy(new Error('the server does not answer pings'), constants.NGHTTP2_NO_ERROR),
      )
      session.ping((error) => {
        deadline.cancel()
        if (!error) timer = clock.setTimer(pingEveryMs, ping).unref()
      })
    }
    timer = clock.setTimer(pingEveryMs, ping).unref()
    session.once('close', () => timer?.cancel())
  }
}
