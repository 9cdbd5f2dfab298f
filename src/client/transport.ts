import type { DeepReadonly, KubeObject, WatchEventType } from '../machinery/object.ts'

/**
 * The way to an API server. Two implementations: HTTP (`http-transport.ts`) and loopback (the API server's own, same
 * pipeline, objects by reference). Whoever speaks the API speaks it through this, with an identity of its own.
 */
export interface Transport {
  /** One request, one answer. Resolves for every HTTP status; rejects only when there is no answer. */
  request(request: ApiRequest): Promise<ApiResponse>
  /** Opens a watch. Resolves when the server has accepted it; throws a StatusError when it refuses. */
  watch(request: WatchRequest): Promise<WatchStream>
  /** For the byte streams of exec, attach, port-forward and log, and to reach them by another library. */
  readonly endpoint?: HttpEndpoint
  close(): Promise<void>
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Without the query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** A plain object in wire shape; loopback hands it over by reference, so the caller must not write to it afterwards. */
  readonly body?: unknown
  /** Of the body; `application/json` if not given. Patches name theirs. */
  readonly contentType?: string
  readonly accept?: string
  readonly signal?: AbortSignal
}

export interface ApiResponse {
  readonly status: number
  /** Decoded JSON (frozen over loopback), or text when the answer is none. */
  readonly body: unknown
  /** Texts of the Warning headers. */
  readonly warnings: readonly string[]
}

export interface WatchRequest {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface ApiWatchEvent<T = KubeObject> {
  readonly type: WatchEventType
  readonly object: DeepReadonly<T>
}

/** Ends without error when the server ends it, throws when the connection breaks. Leaving the loop closes it. */
export type WatchStream = AsyncIterable<ApiWatchEvent>

export interface HttpEndpoint {
  /** `https://host:port` */
  readonly url: string
  /** PEM. */
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  readonly token?: () => string | undefined
}
