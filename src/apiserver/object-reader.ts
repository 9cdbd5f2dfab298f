import type { ResourceRef } from '../api/resource-ref.ts'
import type { DeepReadonly, KubeObject, Stored } from '../machinery/object.ts'

/** An object as the watch cache holds it: shared and frozen. */
export type Held<T extends KubeObject> = DeepReadonly<Stored<T>>

export interface ObjectChange<T extends KubeObject> {
  /** Undefined: the object is gone. */
  readonly object: Held<T> | undefined
  readonly previous: Held<T> | undefined
}

/**
 * The server's own view of its objects, for steps and plugins that must look at others: never waits, never decodes
 * twice, takes no part in authorization. The watch cache implements it.
 */
export interface ObjectReader {
  get<T extends KubeObject>(resource: ResourceRef<T>, name: string, namespace?: string): Held<T> | undefined
  /** All of a namespace, or of all namespaces. */
  list<T extends KubeObject>(resource: ResourceRef<T>, namespace?: string): readonly Held<T>[]
  /**
   * To be awaited before `get` and `list` of a kind that may be custom: where a webhook converts what is stored in other
   * versions, it has to be asked first. Rejects with a StatusError.
   */
  convert(resource: ResourceRef, namespace?: string): Promise<void>
  /** Calls `callback` for every change from now on, after it has become visible to `get`. Returns what ends it. */
  onChange<T extends KubeObject>(resource: ResourceRef<T>, callback: (change: ObjectChange<T>) => void): () => void
}
