import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { apiVersionOf } from '../../machinery/object.ts'
import { type Change, prefixEnd, type Store } from '../../store/store.ts'
import type { Held, ObjectChange, ObjectReader } from '../object-reader.ts'
import type { ResourceRegistry } from '../registry.ts'
import { convertEntries } from '../rest/remote-conversion.ts'
import { collectionPrefix, objectStoreKey } from '../rest/resource-request.ts'
import { servedObject } from '../rest/stored-object.ts'

export interface ObjectReaderOptions {
  readonly store: Store
  readonly registry: ResourceRegistry
}

/** Reads straight from the store's memory, sharing what was decoded for requests. */
export function createObjectReader({ store, registry }: ObjectReaderOptions): ObjectReader {
  const definitionOf = ({ group, version, plural }: ResourceRef): ResourceDefinition => {
    const definition = registry.lookup(group, version, plural)
    if (!definition) throw new Error(`no resource ${plural} in ${apiVersionOf({ group, version })}`)
    return definition
  }
  return {
    get(resource, name, namespace = '') {
      const definition = definitionOf(resource)
      const entry = store.get(objectStoreKey(definition, namespace, name))
      return entry && (servedObject(entry, definition).object as Held<KubeObject> as never)
    },
    list(resource, namespace = '') {
      const definition = definitionOf(resource)
      const prefix = collectionPrefix(definition, namespace)
      const objects: unknown[] = []
      for (const entry of store.snapshot().range(prefix, prefixEnd(prefix))) {
        objects.push(servedObject(entry, definition).object)
      }
      return objects as never
    },
    async convert(resource, namespace = '') {
      const definition = definitionOf(resource)
      if (!definition.conversion?.remote) return
      const prefix = collectionPrefix(definition, namespace)
      await convertEntries([...store.snapshot().range(prefix, prefixEnd(prefix))], definition)
    },
    onChange(resource, callback) {
      const definition = definitionOf(resource)
      const watch = store.watch({
        prefix: collectionPrefix(definition, ''),
        after: store.revision,
        onChanges(changes) {
          for (const change of changes) callback(objectChange(change, definition) as never)
        },
      })
      if (!watch.ok) throw new Error(`revision ${store.revision} is compacted already`)
      return watch.cancel
    },
  }
}

function objectChange({ type, entry, previous }: Change, definition: ResourceDefinition): ObjectChange<KubeObject> {
  const held = servedObject(entry, definition).object as Held<KubeObject>
  if (type === 'delete') return { object: undefined, previous: held }
  return {
    object: held,
    previous: previous && (servedObject(previous, definition).object as Held<KubeObject>),
  }
}
