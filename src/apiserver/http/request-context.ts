import type {
  AuditAnnotate,
  ConnectionInfo,
  Headers,
  RequestBody,
  RequestContext,
  RequestInfo,
  UserInfo,
} from '../request.ts'

/** Nobody yet: what a context holds until `authenticate` has run. */
export const unidentified: UserInfo = Object.freeze({ name: '', groups: Object.freeze([]), extra: Object.freeze({}) })

/** Says nothing yet: what a context holds until its path is read. */
export const unread: RequestInfo = Object.freeze({
  isResourceRequest: false,
  path: '',
  verb: '',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  trailingPath: '',
})

export interface RequestParts {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly headers: Headers
  readonly body: RequestBody
  readonly connection: ConnectionInfo
  readonly receivedMs: number
  readonly requestId: string
}

/**
 * A request that came over HTTP. Query and abort signal are made when somebody asks for them: a GET of one object
 * needs neither, and both cost more than the rest of the context together.
 */
export class HttpRequestContext implements RequestContext {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: RequestBody
  readonly connection: ConnectionInfo
  readonly receivedMs: number
  readonly requestId: string
  readonly warnings: string[] = []
  responseHeaders?: Readonly<Record<string, string>>
  withoutProtobuf?: boolean
  annotate?: AuditAnnotate
  noteRequestObject?: (object: unknown) => void
  info: RequestInfo = unread
  user: UserInfo = unidentified
  readonly #rawQuery: string
  #query: URLSearchParams | undefined
  #controller: AbortController | undefined
  #abortReason: Error | undefined
  #onClosed: (() => void) | undefined
  /** Set by the edge, which knows how to end a request. */
  onTimeLimit: ((limitMs: number) => void) | undefined

  constructor({ method, url, headers, body, connection, receivedMs, requestId }: RequestParts) {
    const mark = url.indexOf('?')
    this.method = method
    this.path = mark < 0 ? url : url.slice(0, mark)
    this.#rawQuery = mark < 0 ? '' : url.slice(mark + 1)
    this.headers = headers
    this.body = body
    this.connection = connection
    this.receivedMs = receivedMs
    this.requestId = requestId
  }

  get requestUri(): string {
    return this.#rawQuery === '' ? this.path : `${this.path}?${this.#rawQuery}`
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#rawQuery)
    return this.#query
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortReason) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  mentions(word: string): boolean {
    return this.#rawQuery !== '' && this.#rawQuery.includes(word)
  }

  limitTime(limitMs: number): void {
    this.onTimeLimit?.(limitMs)
  }

  /** The client went away, or the request took too long. */
  abort(reason: Error): void {
    if (this.#abortReason) return
    this.#abortReason = reason
    this.#controller?.abort(reason)
    this.#onClosed?.()
  }

  /** Calls `callback` once the request is aborted, at once if it is already. One callback a request. */
  onClosed(callback: () => void): void {
    this.#onClosed = callback
    if (this.#abortReason) callback()
  }
}

/**
 * Node's header object, which has lower-case names, as the pipeline reads it. There a header that came several times is
 * one text; as it came it is in `raw`, name and value in turn.
 */
export class NodeHeaders implements Headers {
  readonly #values: Readonly<Record<string, string | string[] | undefined>>
  readonly #raw: readonly string[] | undefined

  constructor(values: Readonly<Record<string, string | string[] | undefined>>, raw?: readonly string[]) {
    this.#values = values
    this.#raw = raw
  }

  get(name: string): string | undefined {
    const value = this.#values[name] ?? this.#values[name.toLowerCase()]
    return typeof value === 'object' ? value[0] : value
  }

  all(name: string): readonly string[] {
    const wanted = name.toLowerCase()
    const value = this.#values[wanted] ?? this.#values[name]
    if (value === undefined) return []
    const raw = this.#raw
    if (!raw) return [value].flat()
    return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]!.toLowerCase() === wanted)
  }

  names(): Iterable<string> {
    return Object.keys(this.#values)
  }
}
