import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { Held, ObjectChange, ObjectReader } from '../../src/apiserver/object-reader.ts'
import { type KubeObject, objectKey } from '../../src/machinery/object.ts'

type Listener = (change: ObjectChange<KubeObject>) => void

/** A reader over objects that a test puts in by hand; changes are told at once. */
export class FakeReader implements ObjectReader {
  readonly #objects = new Map<string, Map<string, Held<KubeObject>>>()
  readonly #listeners = new Map<string, Set<Listener>>()

  /** Adds or replaces objects; a uid is made up where none is given. */
  put<T extends KubeObject>(resource: ResourceRef<T>, ...objects: T[]): this {
    for (const object of objects) {
      const metadata = { uid: `uid-of-${object.metadata?.name}`, resourceVersion: '1', ...object.metadata }
      this.#set(resource, objectKey({ metadata }), { ...object, metadata } as Held<KubeObject>)
    }
    return this
  }

  remove(resource: ResourceRef, key: string): void {
    this.#set(resource, key, undefined)
  }

  get<T extends KubeObject>(resource: ResourceRef<T>, name: string, namespace?: string): Held<T> | undefined {
    const key = namespace ? `${namespace}/${name}` : name
    return this.#objects.get(resource.plural)?.get(key) as Held<T> | undefined
  }

  list<T extends KubeObject>(resource: ResourceRef<T>, namespace?: string): readonly Held<T>[] {
    const all = [...(this.#objects.get(resource.plural)?.values() ?? [])]
    return all.filter(({ metadata }) => !namespace || metadata.namespace === namespace) as never
  }

  async convert(): Promise<void> {}

  onChange<T extends KubeObject>(resource: ResourceRef<T>, callback: (change: ObjectChange<T>) => void): () => void {
    const listeners = this.#listeners.get(resource.plural) ?? new Set()
    this.#listeners.set(resource.plural, listeners)
    listeners.add(callback as unknown as Listener)
    return () => listeners.delete(callback as unknown as Listener)
  }

  #set({ plural }: ResourceRef, key: string, object: Held<KubeObject> | undefined): void {
    const objects = this.#objects.get(plural) ?? new Map<string, Held<KubeObject>>()
    this.#objects.set(plural, objects)
    const previous = objects.get(key)
    if (object) objects.set(key, object)
    else objects.delete(key)
    for (const listener of this.#listeners.get(plural) ?? []) listener({ object, previous })
  }
}
