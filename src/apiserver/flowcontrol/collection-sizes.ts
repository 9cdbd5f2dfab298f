import type { Clock } from '../../platform/clock.ts'
import { prefixEnd, type Store } from '../../store/store.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { RequestInfo } from '../request.ts'
import { collectionPrefix } from '../rest/resource-request.ts'
import type { CollectionSize } from './work-estimate.ts'

export interface CollectionSizesOptions {
  readonly store: Store
  readonly registry: ResourceRegistry
  readonly clock: Clock
}

/** How long an estimate is good enough. */
const freshMs = 10_000
/** So many objects tell how large the others are. */
const sampled = 16

/** Estimates how much a resource's collection holds, all namespaces together, as upstream does. */
export function collectionSizes({ store, registry, clock }: CollectionSizesOptions) {
  const known = new Map<string, { readonly size: CollectionSize; readonly untilMs: number }>()
  return ({ group, version, resource }: RequestInfo): CollectionSize | undefined => {
    const definition = registry.lookup(group, version, resource)
    if (!definition) return undefined
    const nowMs = clock.monotonicMs()
    const { storagePrefix } = definition
    const last = known.get(storagePrefix)
    if (last && last.untilMs > nowMs) return last.size
    const size = sizeBelow(store, collectionPrefix(definition, ''))
    known.set(storagePrefix, { size, untilMs: nowMs + freshMs })
    return size
  }
}

function sizeBelow(store: Store, prefix: string): CollectionSize {
  const snapshot = store.snapshot()
  const sample = snapshot.slice(prefix, prefixEnd(prefix), sampled)
  const bytes = sample.reduce((sum, { value }) => sum + value.length, 0)
  return {
    objects: snapshot.count(prefix, prefixEnd(prefix)),
    averageBytes: sample.length === 0 ? 0 : bytes / sample.length,
  }
}
