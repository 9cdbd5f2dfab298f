import { randomUUID, type X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  constants as http2,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { timeout } from '../../machinery/errors.ts'
import { type Status, StatusError } from '../../machinery/status.ts'
import type { Clock, Timer } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { isLongRunning } from '../long-running.ts'
import type { ConnectionInfo, Handler, RequestBody } from '../request.ts'
import { streamedBody } from './body.ts'
import { certificatesOf } from './certificate-authorities.ts'
import { connectionInfo } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { ProtobufEncoder } from './encode.ts'
import { Http1Responder, responseOnSocket } from './h1-responder.ts'
import { Http2Responder } from './h2-responder.ts'
import { HttpRequestContext, NodeHeaders } from './request-context.ts'
import { AnswerWriter } from './respond.ts'
import type { Responder } from './responder.ts'

/** PEM. */
export interface EdgeTls {
  readonly certificate: string
  readonly key: string
  /** Signs certificates of clients. */
  readonly clientCertificateAuthority: string
  /** Signs certificates of proxies, which stand for whom they name and not for themselves. */
  readonly proxyCertificateAuthority?: string
}

export interface HttpEdgeOptions {
  readonly handler: Handler
  readonly clock: Clock
  readonly log: Logger
  readonly toProtobuf: ProtobufEncoder
  readonly tls: EdgeTls
  /** For all requests but long-running ones. Upstream's --request-timeout: 60 s. */
  readonly requestTimeoutMs: number
  /** How long `close` waits for requests under way. */
  readonly shutdownGraceMs: number
}

export interface HttpEdge {
  listen(port: number, host: string): Promise<{ port: number }>
  /** Takes no more, waits for what is under way as long as the grace lasts, then cuts. */
  close(): Promise<void>
}

/** After apiserver pkg/server/secure_serving.go v1.36: its stream limit and window. */
const maxConcurrentStreams = 1000
const initialWindowSize = 256 * 1024
const maxHeaderBytes = 64 * 1024
/** Node refuses new streams while a connection's answers that wait to be sent exceed this; its own 10 MB is two lists. */
const maxSessionMemoryMegabytes = 1024

/** Upstream gives writes of single objects less time than everything else. After endpoints/handlers/rest.go. */
const writeTimeoutMs = 34_000
const limitedWrites: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete'])
const allottedTimeout = 'request did not complete within the allotted timeout'
const requestedTimeout = 'request did not complete within requested timeout - context deadline exceeded'

const noBody: RequestBody = { kind: 'none' }
const clientGone = new Error('the client closed the request')

/** A client may name its request, to find it in the audit log of each server it passes. */
function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['audit-id']
  return typeof given === 'string' && given !== '' ? given : randomUUID()
}

/** HTTP/2 and HTTP/1.1 over TLS on one port, with client certificates asked for and not demanded. */
export function createHttpEdge(options: HttpEdgeOptions): HttpEdge {
  return new TlsEdge(options)
}

interface Exchange {
  readonly context: HttpRequestContext
  readonly responder: Responder
  /** Of a client that gives its request less time than the server does. */
  ownLimit?: Timer
}

/** How an HTTP/2 request begins. */
interface Http2Head {
  readonly headers: IncomingHttpHeaders
  readonly flags: number
  readonly rawHeaders: readonly string[]
}

class TlsEdge implements HttpEdge {
  readonly #options: HttpEdgeOptions
  readonly #server: Http2SecureServer
  readonly #writer: AnswerWriter
  readonly #deadlines: Deadlines<Exchange>
  readonly #writeDeadlines: Deadlines<Exchange>
  readonly #connections = new WeakMap<object, ConnectionInfo>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #sockets = new Set<TLSSocket>()
  readonly #underWay = new Set<HttpRequestContext>()
  readonly #clientAuthorities: readonly X509Certificate[]
  #closing = false

  constructor(options: HttpEdgeOptions) {
    this.#options = options
    this.#clientAuthorities = certificatesOf(options.tls.clientCertificateAuthority)
    this.#writer = new AnswerWriter(options)
    const { clock, requestTimeoutMs } = options
    this.#deadlines = new Deadlines(clock, requestTimeoutMs, (exchange) => this.#expire(exchange, allottedTimeout))
    this.#writeDeadlines = new Deadlines(clock, writeTimeoutMs, (exchange) => this.#expireWrite(exchange))
    this.#server = createSecureServer({
      allowHTTP1: true,
      cert: options.tls.certificate,
      key: options.tls.key,
      // Clients send only a certificate that one of the authorities named here has signed.
      ca: [options.tls.clientCertificateAuthority, options.tls.proxyCertificateAuthority ?? []].flat(),
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      maxSessionMemory: maxSessionMemoryMegabytes,
      settings: { maxConcurrentStreams, initialWindowSize, maxHeaderListSize: maxHeaderBytes },
    })
    this.#attach()
  }

  #attach(): void {
    const server = this.#server
    server.on('request', (request, response) => {
      this.#serveHttp1(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    })
    // Listening for `request` makes Node wrap each HTTP/2 stream as well; those are served below, unwrapped.
    server.removeAllListeners('stream')
    server.on('stream', (stream, headers, flags, rawHeaders) => {
      this.#serveHttp2(stream as ServerHttp2Stream, { headers, flags, rawHeaders })
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
      this.#serveUpgrade(request, socket, head)
    })
    server.on('session', (session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session))
      session.on('error', (error) => this.#options.log.debug('HTTP/2 session failed', { error }))
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', (error) => this.#options.log.debug('connection failed', { error }))
    })
    server.on('tlsClientError', (error) => this.#options.log.debug('TLS handshake failed', { error }))
    server.on('clientError', (error: Error, socket: Duplex) => {
      this.#options.log.debug('not HTTP', { error })
      socket.destroy()
    })
  }

  #serveHttp2(stream: ServerHttp2Stream, { headers, flags, rawHeaders }: Http2Head): void {
    stream.on('error', (error) => this.#options.log.debug('HTTP/2 stream failed', { error }))
    const session = stream.session
    if (!session) return
    const bodyless = (flags & http2.NGHTTP2_FLAG_END_STREAM) !== 0
    const context = new HttpRequestContext({
      method: headers[':method'] ?? 'GET',
      url: headers[':path'] ?? '/',
      headers: new NodeHeaders(headers, rawHeaders),
      body: bodyless ? noBody : streamedBody(stream),
      connection: this.#connectionOf(session, session.socket as TLSSocket, 'h2'),
      receivedMs: this.#options.clock.nowMs(),
      requestId: requestIdOf(headers),
    })
    stream.once('close', () => context.abort(clientGone))
    this.#serve(context, new Http2Responder(stream, headers))
  }

  #serveHttp1(request: IncomingMessage, response: ServerResponse): void {
    const context = this.#http1Context(request)
    response.once('close', () => context.abort(clientGone))
    this.#serve(context, new Http1Responder(request, response))
  }

  #serveUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const context = this.#http1Context(request)
    socket.once('close', () => context.abort(clientGone))
    socket.on('error', (error) => this.#options.log.debug('upgraded connection failed', { error }))
    this.#serve(context, new Http1Responder(request, responseOnSocket(request, socket), { socket, head }))
  }

  #http1Context(request: IncomingMessage): HttpRequestContext {
    const { headers } = request
    const bodyless = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
    return new HttpRequestContext({
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      headers: new NodeHeaders(headers, request.rawHeaders),
      body: bodyless ? noBody : streamedBody(request),
      connection: this.#connectionOf(request.socket, request.socket as TLSSocket, 'h1'),
      receivedMs: this.#options.clock.nowMs(),
      requestId: requestIdOf(headers),
    })
  }

  #connectionOf(key: object, socket: TLSSocket, transport: 'h1' | 'h2'): ConnectionInfo {
    let info = this.#connections.get(key)
    if (!info) {
      info = connectionInfo(socket, transport, this.#clientAuthorities)
      this.#connections.set(key, info)
    }
    return info
  }

  #serve(context: HttpRequestContext, responder: Responder): void {
    const exchange: Exchange = { context, responder }
    this.#underWay.add(context)
    this.#deadlines.add(exchange)
    if (context.method !== 'GET') this.#writeDeadlines.add(exchange)
    context.onTimeLimit = (limitMs) => this.#limit(exchange, limitMs)
    this.#answer(exchange)
      .catch((error) => {
        this.#options.log.error('a response failed', { error, path: context.path })
        responder.destroy()
      })
      .finally(() => {
        this.#underWay.delete(context)
        this.#deadlines.remove(exchange)
        this.#writeDeadlines.remove(exchange)
        exchange.ownLimit?.cancel()
        if (this.#closing && this.#underWay.size === 0) this.#letGo()
      })
  }

  async #answer({ context, responder }: Exchange): Promise<void> {
    const answer = await this.#options.handler(context)
    if (responder.started) {
      if (answer.kind === 'watch') answer.stream.stop()
      return
    }
    try {
      await this.#writer.write(answer, context, responder)
    } catch (error) {
      // Some answers turn out to have no form the client takes only when they are written.
      if (!(error instanceof StatusError) || responder.started) throw error
      await this.#writeRefusal(error.status, context, responder)
    }
  }

  /** In the client's own form, where it is only the object that has none in it: custom resources in protobuf. */
  async #writeRefusal(status: Status, context: HttpRequestContext, responder: Responder): Promise<void> {
    try {
      await this.#writer.write({ kind: 'status', status }, context, responder)
    } catch (error) {
      if (!(error instanceof StatusError) || responder.started) throw error
      await this.#writer.writePlain(status, context, responder)
    }
  }

  #limit(exchange: Exchange, limitMs: number): void {
    const { clock, requestTimeoutMs } = this.#options
    if (limitMs >= requestTimeoutMs) return
    exchange.ownLimit = clock.setTimer(limitMs, () => this.#expire(exchange, allottedTimeout)).unref()
  }

  #expireWrite(exchange: Exchange): void {
    const { isResourceRequest, verb } = exchange.context.info
    if (isResourceRequest && limitedWrites.has(verb)) this.#expire(exchange, requestedTimeout)
  }

  #expire({ context, responder }: Exchange, why: string): void {
    // By now the path has been read. Looking here and not at the start keeps this off the way of every request.
    if (isLongRunning(context.info)) return
    const error = timeout(why, 0)
    context.abort(error)
    // A client that reads a large list too slowly: what has begun can only be cut off.
    if (responder.started) responder.destroy()
    else this.#detach(this.#writer.write({ kind: 'status', status: error.status }, context, responder))
  }

  #detach(work: Promise<void>): void {
    work.catch((error) => this.#options.log.warn('a response failed', { error }))
  }

  listen(port: number, host: string): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject)
        this.#server.on('error', (error) => this.#options.log.error('listener failed', { error }))
        resolve({ port: (this.#server.address() as AddressInfo).port })
      })
    })
  }

  async close(): Promise<void> {
    this.#deadlines.stop()
    this.#writeDeadlines.stop()
    if (!this.#server.listening) return
    this.#closing = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // Watches end at once: their clients come back by themselves, to another server or to this one again.
    const ending = new Error('the server is shutting down')
    for (const context of this.#underWay) if (isLongRunning(context.info)) context.abort(ending)
    for (const session of this.#sessions) session.close()
    const giveUp = this.#options.clock.setTimer(this.#options.shutdownGraceMs, () => this.#cut())
    if (this.#underWay.size === 0) this.#letGo()
    await closed
    giveUp.cancel()
  }

  /** Nothing is under way: HTTP/2 sessions close by themselves, idle connections of HTTP/1.1 would be kept. */
  #letGo(): void {
    for (const socket of this.#sockets) if (socket.alpnProtocol !== 'h2') socket.end()
  }

  #cut(): void {
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }
}
