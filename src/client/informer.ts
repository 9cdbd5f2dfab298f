import type { DeepReadonly, KubeObject, Stored } from '../machinery/object.ts'

/** One object as a cache holds it: shared and frozen. */
export type Cached<T extends KubeObject> = DeepReadonly<Stored<T>>

export interface InformerHandler<T extends KubeObject> {
  added?(object: Cached<T>): void
  /** Also called with the same object twice when a relist finds it unchanged? No: only on a new resourceVersion. */
  updated?(object: Cached<T>, previous: Cached<T>): void
  /** `object` is the last state known; after a missed DELETED it may be stale. */
  deleted?(object: Cached<T>): void
}

/** A cache of one resource that lists, watches and lists again after 410, for ever. After client-go tools/cache. */
export interface Informer<T extends KubeObject> {
  /** Runs until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Resolves when the first list is in the cache and its handlers were called. */
  readonly synced: Promise<void>
  readonly hasSynced: boolean
  /** By `namespace/name` or `name`. */
  get(key: string): Cached<T> | undefined
  list(): readonly Cached<T>[]
  /** The objects for which the index named `index` yields `value`. Throws when there is no such index. */
  byIndex(index: string, value: string): readonly Cached<T>[]
  /** Handlers added late get an `added` for each object that is there. Returns what removes it. */
  addHandler(handler: InformerHandler<T>): () => void
  /** Adds an index over all objects, old and new. A second one of the same name must be the same function. */
  addIndex(name: string, values: (object: Cached<T>) => readonly string[]): void
  /** Called at every list but the first, with the reason. Tests refuse it. */
  onRelist(callback: (reason: string) => void): void
}

/** The index every namespaced informer has. */
export const byNamespace = 'namespace'
