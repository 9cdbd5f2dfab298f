import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, get } from 'node:https'
import type { Readable } from 'node:stream'
import { loadKubeconfig } from '../../src/client/kubeconfig.ts'

/** How clients reach a server, as its kubeconfig says. */
export interface ServerAccess {
  readonly url: string
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
}

export function accessOf(kubeconfig: string): ServerAccess {
  const { url, certificateAuthority, clientCertificate, clientKey } = loadKubeconfig(kubeconfig).options
  return { url, tls: { ca: certificateAuthority!, cert: clientCertificate!, key: clientKey! } }
}

/** One open watch as its client sees it; nobody reads it yet. */
export interface OpenWatch {
  readonly stream: Readable
  /** Whether it has come to an end, in order or not. */
  ended: boolean
}

/** As many watches as wanted; each over its own HTTP/1.1 connection, or many over one of HTTP/2. */
export class WatchClients {
  readonly #access: ServerAccess
  readonly #agent: Agent
  readonly #sessions: ClientHttp2Session[] = []

  constructor(access: ServerAccess) {
    this.#access = access
    this.#agent = new Agent({ ...access.tls, keepAlive: false, ALPNProtocols: ['http/1.1'] })
  }

  /** Watches over HTTP/1.1. Rejects when the server refuses one. */
  overHttp1(path: string, count: number): Promise<OpenWatch[]> {
    return Promise.all(Array.from({ length: count }, () => this.#openHttp1(path)))
  }

  /** Watches over one connection of HTTP/2. Rejects when the server refuses one. */
  async overHttp2(path: string, count: number): Promise<OpenWatch[]> {
    const session = await this.session()
    return Promise.all(Array.from({ length: count }, () => openHttp2(session, path)))
  }

  /** A connection of HTTP/2, closed with the others. */
  async session(): Promise<ClientHttp2Session> {
    const session = connect(this.#access.url, this.#access.tls)
    this.#sessions.push(session)
    await once(session, 'connect')
    session.on('error', () => session.destroy())
    return session
  }

  async #openHttp1(path: string): Promise<OpenWatch> {
    const request = get(`${this.#access.url}${path}`, { agent: this.#agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`)
    // One whose connection the server cuts off fails, which is an end as good as any.
    request.on('error', () => response.destroy())
    return openWatch(response)
  }

  close(): void {
    this.#agent.destroy()
    for (const session of this.#sessions) session.destroy()
  }
}

async function openHttp2(session: ClientHttp2Session, path: string): Promise<OpenWatch> {
  const stream = session.request({ ':path': path })
  const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }]
  if (headers[':status'] !== 200) throw new Error(`${path}: ${headers[':status']}`)
  return openWatch(stream)
}

function openWatch(stream: Readable): OpenWatch {
  const watch = { stream, ended: false }
  stream.on('error', () => stream.destroy())
  stream.on('close', () => {
    watch.ended = true
  })
  return watch
}

/** Hands over each line from here on, without its line feed. What is left at the end is no line. */
export function readLines({ stream }: OpenWatch, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('latin1')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  })
}

/** One of the clients that write: each object again and again, one request after another. */
export interface Writer {
  readonly session: ClientHttp2Session
  /** Of the collection. */
  readonly path: string
  readonly name: string
  /** How much is in the object, in bytes. */
  readonly size: number
}

/** Replaces the object with one that has this number, creating it at first. Rejects for all but 2xx. */
export async function write({ session, path, name, size }: Writer, number: number): Promise<void> {
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { number: String(number) } },
    data: { filling: 'x'.repeat(size) },
  })
  const target = number === 0 ? { ':method': 'POST', ':path': path } : { ':method': 'PUT', ':path': `${path}/${name}` }
  const stream = session.request({ ...target, 'content-type': 'application/json' })
  stream.resume()
  stream.end(body)
  const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }]
  await once(stream, 'close')
  const status = headers[':status'] ?? 0
  if (status < 200 || status > 299) throw new Error(`${target[':method']} ${target[':path']}: ${status}`)
}
