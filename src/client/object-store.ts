import { type KubeObject, objectKey } from '../machinery/object.ts'
import { byNamespace, type Cached } from './informer.ts'

type IndexFunction<T extends KubeObject> = (object: Cached<T>) => readonly string[]

interface Index<T extends KubeObject> {
  readonly values: IndexFunction<T>
  /** Index value → object key → object. Empty inner maps are removed. */
  readonly buckets: Map<string, Map<string, Cached<T>>>
}

/** Objects by key, with indexes kept in step. The part of an informer that knows no server. */
export class ObjectStore<T extends KubeObject> {
  readonly #objects = new Map<string, Cached<T>>()
  readonly #indexes = new Map<string, Index<T>>()

  constructor() {
    this.addIndex(byNamespace, (object) => (object.metadata.namespace ? [object.metadata.namespace] : []))
  }

  get(key: string): Cached<T> | undefined {
    return this.#objects.get(key)
  }

  list(): readonly Cached<T>[] {
    return [...this.#objects.values()]
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()]
  }

  byIndex(name: string, value: string): readonly Cached<T>[] {
    const index = this.#indexes.get(name)
    if (!index) throw new Error(`there is no index named ${name}`)
    return [...(index.buckets.get(value)?.values() ?? [])]
  }

  /** Puts an object and answers the one it replaces. */
  put(object: Cached<T>): Cached<T> | undefined {
    const key = objectKey(object)
    const previous = this.#objects.get(key)
    this.#objects.set(key, object)
    for (const index of this.#indexes.values()) {
      if (previous) unfile(index, key, previous)
      file(index, key, object)
    }
    return previous
  }

  /** Removes an object and answers what was there. */
  remove(key: string): Cached<T> | undefined {
    const previous = this.#objects.get(key)
    if (!previous) return undefined
    this.#objects.delete(key)
    for (const index of this.#indexes.values()) unfile(index, key, previous)
    return previous
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    const existing = this.#indexes.get(name)
    if (existing?.values === values) return
    if (existing) throw new Error(`two different indexes are named ${name}`)
    const index: Index<T> = { values, buckets: new Map() }
    for (const [key, object] of this.#objects) file(index, key, object)
    this.#indexes.set(name, index)
  }
}

function file<T extends KubeObject>({ values, buckets }: Index<T>, key: string, object: Cached<T>): void {
  for (const value of values(object)) {
    const bucket = buckets.get(value)
    if (bucket) bucket.set(key, object)
    else buckets.set(value, new Map([[key, object]]))
  }
}

function unfile<T extends KubeObject>({ values, buckets }: Index<T>, key: string, object: Cached<T>): void {
  for (const value of values(object)) {
    const bucket = buckets.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) buckets.delete(value)
  }
}
