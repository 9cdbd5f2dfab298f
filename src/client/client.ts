import type { ResourceRef } from '../api/resource-ref.ts'
import type { DeepReadonly, KubeObject, ListMeta, Stored } from '../machinery/object.ts'
import type { Transport, WatchStream } from './transport.ts'

/** The typed client. `client.of(pods).get('web', { namespace: 'default' })`. */
export interface Client {
  of<T extends KubeObject>(resource: ResourceRef<T>): ResourceClient<T>
  readonly transport: Transport
}

export interface InNamespace {
  readonly namespace?: string
  readonly signal?: AbortSignal
}

export interface WriteOptions extends InNamespace {
  readonly dryRun?: boolean
  readonly fieldManager?: string
}

export interface ListOptions extends InNamespace {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

export interface WatchOptions extends InNamespace {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly allowWatchBookmarks?: boolean
  readonly timeoutSeconds?: number
  readonly sendInitialEvents?: boolean
}

export interface DeleteOptions extends InNamespace {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType
  readonly subresource?: string
  readonly force?: boolean
}

export interface TypedList<T> {
  readonly metadata: ListMeta
  readonly items: readonly T[]
}

/** Every call throws a StatusError for an answer of 400 and above. Answers are shared and frozen: copy to change. */
export interface ResourceClient<T extends KubeObject> {
  get(name: string, options?: InNamespace & { subresource?: string }): Promise<DeepReadonly<Stored<T>>>
  list(options?: ListOptions): Promise<TypedList<DeepReadonly<Stored<T>>>>
  watch(options?: WatchOptions): Promise<WatchStream>
  /** The namespace comes from the object's metadata unless given. */
  create(object: T, options?: WriteOptions): Promise<DeepReadonly<Stored<T>>>
  update(object: T, options?: WriteOptions): Promise<DeepReadonly<Stored<T>>>
  updateStatus(object: T, options?: WriteOptions): Promise<DeepReadonly<Stored<T>>>
  /** `body` is a JSON patch (array) or an object, after `type`. */
  patch(name: string, body: unknown, options: PatchOptions): Promise<DeepReadonly<Stored<T>>>
  delete(name: string, options?: DeleteOptions): Promise<void>
  deleteCollection(options?: ListOptions & DeleteOptions): Promise<void>
  /** POST to a subresource (`binding`, `eviction`, `token`), answering what the server answers. */
  createSubresource<R>(name: string, subresource: string, body: unknown, options?: InNamespace): Promise<R>
  updateSubresource<R>(name: string, subresource: string, body: unknown, options?: InNamespace): Promise<R>
}
