import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import type { Status } from '../machinery/status.ts'

/** Who asks. After apiserver authentication/user Info. */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** What a URL asks for. After apiserver endpoints/request RequestInfo. */
export interface RequestInfo {
  readonly isResourceRequest: boolean
  readonly path: string
  /** get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for other paths. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** What follows the subresource, as in `pods/x/proxy/some/path`. */
  readonly trailingPath: string
}

/** Case-insensitive, first value or all. */
export interface Headers {
  get(name: string): string | undefined
  all(name: string): readonly string[]
  /** In lower case. */
  names(): Iterable<string>
}

/** One request on its way through the pipeline. Each step fills in what the later ones read. */
export interface RequestContext {
  readonly method: string
  /** Path without query, decoded once by `request-info`, raw here. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: RequestBody
  /** Aborts when the client goes away or the request times out. */
  readonly signal: AbortSignal
  readonly connection: ConnectionInfo
  readonly receivedMs: number
  info: RequestInfo
  user: UserInfo
  /** Become Warning headers of the answer. */
  readonly warnings: string[]
  /** Set for custom resources: they have no protobuf message. Their metadata alone does, and so does a Status. */
  withoutProtobuf?: boolean
  /** Over HTTP: whether the query holds this word at all, which tells cheaply that a parameter is not there. */
  mentions?(word: string): boolean
  /** Over HTTP: answers 504 when the request is not done after this time, if that is sooner than the server's own limit. */
  limitTime?(limitMs: number): void
  /** Of whatever the answer is, when it goes over HTTP; names in lower case. */
  responseHeaders?: Readonly<Record<string, string>>
  /** Set where the request is audited: takes what steps and plugins note for the audit log. */
  annotate?: AuditAnnotate
  /** Set where the request is audited: takes what the client has sent, before anything of it is changed. */
  noteRequestObject?: (object: unknown) => void
  /** Over HTTP: what the client or the edge calls this request; the answer's Audit-Id. */
  readonly requestId?: string
  /** Over HTTP: path and query as they were sent. */
  readonly requestUri?: string
}

/** `level`: from which audit level on the note is written down. A key that is there already keeps its value. */
export type AuditAnnotate = (key: string, value: string, level: 'Metadata' | 'Request') => void

/** A body arrives as bytes (HTTP) or by reference (loopback). */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; read(limitBytes: number): Promise<Uint8Array> }
  | { readonly kind: 'object'; readonly value: unknown }

export interface ConnectionInfo {
  readonly transport: 'h1' | 'h2' | 'loopback'
  readonly remoteAddress: string
  /** DER of the verified client certificate, if the client showed one. */
  readonly clientCertificate?: Uint8Array
  /** Why the certificate that the client showed is not trusted. */
  readonly clientCertificateError?: string
  /** That certificate. DER. Proxies have an authority of their own, which TLS does not know. */
  readonly untrustedCertificate?: Uint8Array
  /** Loopback: the identity the transport was made with. It skips authentication, nothing else. */
  readonly identity?: UserInfo
}

/**
 * What a handler answers; encoded at the edge only, so loopback passes objects on as they are.
 * `json` in `object` and `list` parts are bytes that exist already and are joined instead of serialized again.
 */
export type Answer =
  | {
      readonly kind: 'object'
      readonly status: number
      readonly object: DeepReadonly<KubeObject>
      readonly encoded?: EncodedObject
    }
  | { readonly kind: 'list'; readonly status: 200; readonly list: ListAnswer }
  | { readonly kind: 'watch'; readonly stream: WatchAnswer }
  | { readonly kind: 'status'; readonly status: Status }
  | {
      readonly kind: 'bytes'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array | string
    }
  /** The handler takes the raw connection (upgrade) or streams the response itself; only possible over HTTP. */
  | { readonly kind: 'takeover'; run(connection: RawConnection): Promise<void> }

/** Encodings of one stored object, each made once at most and kept with the cache entry. */
export interface EncodedObject {
  /** Without a line feed at the end; begins with `{"kind":…,"apiVersion":…,`. */
  json(): Uint8Array
  /** The same bytes before they are joined, for lists: joining copies them, and a list copies them anyway. */
  splicedJson(): SplicedJson
  /** With the envelope: magic and runtime.Unknown. */
  protobuf(): Uint8Array
}

/** JSON as `bytes` with `inserted`, which is ASCII, put in at `place`. */
export interface SplicedJson {
  readonly bytes: Buffer
  readonly place: number
  readonly inserted: string
}

export interface ListAnswer {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    /** Not there where nothing is stored. */
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly { readonly object: DeepReadonly<KubeObject>; readonly encoded: EncodedObject }[]
  /** Built-in kinds: the edge leaves `kind` and `apiVersion` out of the items, as Go's typed lists do. */
  readonly bareItems?: boolean
}

/** A push stream. `start` is called once; events after `stop` are not sent. */
export interface WatchAnswer {
  start(sink: WatchSink): void
  stop(): void
}

export interface WatchSink {
  /** Queued, within bounds, while the client does not keep up; past them the watch is stopped and cut off. */
  event(event: { type: string; object: DeepReadonly<KubeObject>; encoded?: EncodedObject }): void
  /** The end of the stream: after an ERROR event, on timeout, or when the server closes. */
  end(): void
}

/** Node's own request and response, for upgrades and streams. */
export interface RawConnection {
  readonly request: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest
  readonly response: import('node:http').ServerResponse | import('node:http2').Http2ServerResponse
  /** Set when the client asked for an upgrade (HTTP/1.1) or extended CONNECT. */
  readonly socket?: import('node:stream').Duplex
  readonly head?: Uint8Array
}

export type Handler = (context: RequestContext) => Promise<Answer>

/** A step of the pipeline: answers itself or goes on with `next`. */
export type Step = (context: RequestContext, next: Handler) => Promise<Answer>
