import type { ApiRequest, ApiResponse, Transport, WatchRequest, WatchStream } from '../client/transport.ts'
import { internalError } from '../machinery/errors.ts'
import { type Status, StatusError } from '../machinery/status.ts'
import type { Clock } from '../platform/clock.ts'
import { unread } from './http/request-context.ts'
import { LoopbackWatch } from './loopback-watch.ts'
import type { Answer, Handler, Headers, RequestContext, UserInfo } from './request.ts'

export interface LoopbackTransportOptions {
  /** The pipeline after TLS. */
  readonly handler: Handler
  /** Who speaks. Authenticated by being in the same process, authorized like everybody else. */
  readonly identity: UserInfo
  readonly clock: Clock
  /** Names the component, as a User-Agent does: it becomes the field manager of its writes. */
  readonly userAgent?: string
}

const never = new AbortController().signal

/**
 * The way to the API server in the same process: the same pipeline, but objects pass by reference, frozen, with no TLS
 * and no JSON. Streams that need a raw connection (exec, attach, port-forward) are refused.
 */
export function createLoopbackTransport(options: LoopbackTransportOptions): Transport {
  return {
    request: async (request) => responseOf(request, options),
    watch: (request) => openWatch(request, options),
    close: async () => {},
  }
}

async function responseOf(request: ApiRequest, options: LoopbackTransportOptions): Promise<ApiResponse> {
  const context = contextOf(request, options)
  request.signal?.throwIfAborted()
  const { status, body } = content(await answerOf(context, options))
  return { status, body, warnings: context.warnings }
}

async function openWatch(request: WatchRequest, options: LoopbackTransportOptions): Promise<WatchStream> {
  const query = { ...request.query, watch: 'true' }
  const answer = await answerOf(contextOf({ ...request, method: 'GET', query }, options), options)
  if (answer.kind === 'watch') return new LoopbackWatch(answer.stream, request.signal ?? never)
  const { body } = content(answer)
  throw new StatusError(body as Status)
}

/** The pipeline's answer; what it throws becomes a Status here, as the HTTP edge does it for others. */
async function answerOf(context: RequestContext, { handler }: LoopbackTransportOptions): Promise<Answer> {
  try {
    return await handler(context)
  } catch (error) {
    const { status } = error instanceof StatusError ? error : internalError(error)
    return { kind: 'status', status }
  }
}

function contextOf(request: ApiRequest, { identity, clock, userAgent }: LoopbackTransportOptions): RequestContext {
  const { method, path, query, body, contentType, accept, signal } = request
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: new LoopbackHeaders({ accept, 'content-type': contentType, 'user-agent': userAgent }),
    body: body === undefined ? { kind: 'none' } : { kind: 'object', value: body },
    signal: signal ?? never,
    connection: { transport: 'loopback', remoteAddress: '127.0.0.1', identity },
    receivedMs: clock.nowMs(),
    info: unread,
    user: identity,
    warnings: [],
  }
}

class LoopbackHeaders implements Headers {
  readonly #values: Readonly<Record<string, string | undefined>>

  constructor(values: Readonly<Record<string, string | undefined>>) {
    this.#values = values
  }

  get(name: string): string | undefined {
    return this.#values[name.toLowerCase()]
  }

  all(name: string): readonly string[] {
    const value = this.get(name)
    return value === undefined ? [] : [value]
  }

  names(): Iterable<string> {
    return Object.keys(this.#values).filter((name) => this.#values[name] !== undefined)
  }
}

function content(answer: Answer): { status: number; body: unknown } {
  switch (answer.kind) {
    case 'object':
      return { status: answer.status, body: answer.object }
    case 'list': {
      const { kind, apiVersion, metadata, items } = answer.list
      return { status: 200, body: { kind, apiVersion, metadata, items: items.map(({ object }) => object) } }
    }
    case 'status':
      return { status: answer.status.code ?? 200, body: answer.status }
    case 'bytes':
      return { status: answer.status, body: decoded(answer.body, answer.headers) }
    case 'watch':
    case 'takeover':
      return content({ kind: 'status', status: internalError('this request needs an HTTP connection').status })
  }
}

function decoded(body: Uint8Array | string, headers: Readonly<Record<string, string>>): unknown {
  const text = typeof body === 'string' ? body : Buffer.from(body).toString()
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  return type?.includes('json') ? JSON.parse(text) : text
}
