import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

/** An HTTP/1.1 request that asks to leave HTTP, as `server.on('upgrade')` hands it over. */
export interface ServerUpgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What was read past the request. */
  readonly head: Uint8Array
}

/** Where an upgrade goes, and how that side is known and we are known to it. PEM. */
export interface UpgradeTarget {
  readonly url: URL
  readonly tls?: ClientTls
}

export interface ClientTls {
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  /** Takes any certificate of the server. */
  readonly insecureSkipVerify?: boolean
  /** The name its certificate has to be for, where that is not the URL's. */
  readonly serverName?: string
}

export interface UpgradeRequest extends UpgradeTarget {
  readonly method?: string
  /** Name and value in turn, as in `rawHeaders`. Host is added. */
  readonly headers: readonly string[]
  readonly signal?: AbortSignal
}

export type UpgradeResult =
  | { readonly upgraded: true; readonly response: IncomingMessage; readonly socket: Duplex }
  | { readonly upgraded: false; readonly response: IncomingMessage }

/** The server answered, but not with 101. */
export class UpgradeRefusedError extends Error {
  readonly status: number
  readonly body: string

  constructor(status: number, body: string) {
    super(`unable to upgrade connection: ${body || 'unknown error'}`)
    this.name = 'UpgradeRefusedError'
    this.status = status
    this.body = body
  }
}

/** How long an error page of a server that refuses may be. */
const maxRefusalBytes = 1024 * 1024

export function isUpgradeRequest(request: IncomingMessage): boolean {
  return (request.headers.connection ?? '').toLowerCase().includes('upgrade')
}

/** The options of `http.request` and `tls.connect` for `tls`. */
export function tlsOptions(tls: ClientTls = {}): https.RequestOptions {
  return {
    ...(tls.certificateAuthority === undefined ? {} : { ca: tls.certificateAuthority }),
    ...(tls.clientCertificate === undefined ? {} : { cert: tls.clientCertificate }),
    ...(tls.clientKey === undefined ? {} : { key: tls.clientKey }),
    ...(tls.insecureSkipVerify ? { rejectUnauthorized: false } : {}),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}

/** Asks for an upgrade. Resolves with whatever is answered; rejects only when there is no answer. */
export function requestUpgrade({ url, tls, method = 'GET', headers, signal }: UpgradeRequest): Promise<UpgradeResult> {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    // A connection of its own: an upgraded one can never go back to a pool.
    const outgoing = request(url, {
      method,
      headers: ['Host', url.host, ...headers],
      agent: false,
      ...tlsOptions(tls),
      ...(signal ? { signal } : {}),
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => resolve({ upgraded: false, response }))
    outgoing.on('upgrade', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      readOnAfterFailedWrites(socket)
      resolve({ upgraded: true, response, socket })
    })
    outgoing.end()
  })
}

/**
 * A server that has said all and closed answers what is written to it later with a reset, and Node destroys a socket at
 * the first failed write, along with what has come but is not yet read. So a failed write counts as done; reading goes
 * on to the end, and tells how the connection ended. containerd closes so after a command that has not read all input.
 */
function readOnAfterFailedWrites(socket: Duplex): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, () => done())
  if (writev) socket._writev = (chunks, done) => writev(chunks, () => done())
}

/** Like `requestUpgrade`, for callers who can do nothing without: throws UpgradeRefusedError. */
export async function requireUpgrade(request: UpgradeRequest): Promise<{ response: IncomingMessage; socket: Duplex }> {
  const result = await requestUpgrade(request)
  if (result.upgraded) return result
  throw new UpgradeRefusedError(result.response.statusCode ?? 0, (await readRefusal(result.response)).trim())
}

async function readRefusal(response: IncomingMessage): Promise<string> {
  let size = 0
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxRefusalBytes) response.destroy(new Error('the answer to an upgrade is too long'))
  })
  return text(response)
}

/** Answers 101 with `headers`; from now on the socket speaks the other protocol. */
export function acceptUpgrade({ socket, head }: ServerUpgrade, headers: readonly string[]): Duplex {
  socket.write(responseHead(101, 'Switching Protocols', headers))
  if (head.length > 0) socket.unshift(head)
  return socket
}

export interface Refusal {
  readonly status: number
  readonly body: string
  readonly contentType?: string
  readonly headers?: readonly string[]
}

/** Answers an upgrade with an ordinary response, and ends the connection. */
export function refuseUpgrade(socket: Duplex, { status, body, contentType, headers = [] }: Refusal): void {
  const bytes = Buffer.from(body)
  const fields = ['Content-Type', contentType ?? 'text/plain; charset=utf-8', 'Content-Length', String(bytes.length)]
  socket.on('error', () => {})
  socket.write(responseHead(status, http.STATUS_CODES[status] ?? '', [...fields, 'Connection', 'close', ...headers]))
  socket.end(bytes)
}

/**
 * Hands an upgrade on to `target` and joins both connections byte for byte; resolves when either is over. What the
 * target answers instead of 101 goes to the client as it is. `headers` replace the client's own. Rejects, with nothing sent, when the target cannot be
 * reached. After apimachinery util/proxy UpgradeAwareHandler.
 */
export async function passUpgrade(
  { request, socket, head }: ServerUpgrade,
  { headers = request.rawHeaders, ...target }: UpgradeTarget & { readonly headers?: readonly string[] },
): Promise<void> {
  const method = request.method ?? 'GET'
  const result = await requestUpgrade({ ...target, method, headers: without(headers, ['host']) })
  const { response } = result
  const fields = [response.statusCode ?? 502, response.statusMessage ?? ''] as const
  if (!result.upgraded) {
    // The body arrives here without its framing, so the end of the connection has to mark its end.
    const headers = withoutFraming(response.rawHeaders)
    socket.write(responseHead(...fields, [...headers, 'Connection', 'close']))
    await pipeline(response, socket)
    return
  }
  socket.write(responseHead(...fields, response.rawHeaders))
  if (head.length > 0) socket.unshift(Buffer.from(head))
  await joinStreams(socket, result.socket)
}

/**
 * Copies both ways until one side ends or breaks, then ends the other once it has got everything: what a proxy of
 * connections does. Resolves when both are closed. Never rejects.
 */
export function joinStreams(left: Duplex, right: Duplex): Promise<void> {
  return new Promise((resolve) => {
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      // How a connection between two others breaks is for those to report.
      from.on('error', () => {})
      from.on('close', () => {
        to.end()
        if (left.closed && right.closed) resolve()
      })
      to.on('finish', () => {
        // A socket whose peer has ended ends itself as well, while what it brought is still on its way to the other.
        if (!from.readableEnded && !from.destroyed) return
        from.destroy()
        // Read on until it closes: closing with unread input is a reset, which drops what was just written.
        to.unpipe()
        to.resume()
      })
    }
    left.pipe(right).pipe(left)
  })
}

function responseHead(status: number, reason: string, headers: readonly string[]): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${pairs(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`
}

function pairs(headers: readonly string[]): [string, string][] {
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? '']] : []))
}

function withoutFraming(rawHeaders: readonly string[]): string[] {
  return without(rawHeaders, ['connection', 'transfer-encoding', 'content-length', 'keep-alive'])
}

function without(rawHeaders: readonly string[], names: readonly string[]): string[] {
  return pairs(rawHeaders)
    .filter(([name]) => !names.includes(name.toLowerCase()))
    .flat()
}
