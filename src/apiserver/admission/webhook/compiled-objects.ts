import type { ResourceRef } from '../../../api/resource-ref.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import type { Held, ObjectReader } from '../../object-reader.ts'

/**
 * All objects of a kind in the order of their names, each turned by `compile` into what admission needs of it. That is
 * done once for every revision of an object, when it is first asked for, and kept as long as the object is.
 */
export function compiledObjects<T extends KubeObject, C>(
  reader: ObjectReader,
  resource: ResourceRef<T>,
  compile: (object: Held<T>) => C,
): () => readonly C[] {
  const compiled = new WeakMap<object, { readonly value: C }>()
  let current: readonly C[] | undefined
  let isWatching = false
  const compiledOnce = (object: Held<T>): C => {
    const kept = compiled.get(object) ?? { value: compile(object) }
    compiled.set(object, kept)
    return kept.value
  }
  return () => {
    if (!isWatching) {
      reader.onChange(resource, () => {
        current = undefined
      })
      isWatching = true
    }
    current ??= reader.list(resource).toSorted(byName).map(compiledOnce)
    return current
  }
}

function byName(left: Held<KubeObject>, right: Held<KubeObject>): number {
  return left.metadata.name < right.metadata.name ? -1 : 1
}
