import { conflict, notFound, optimisticLockMessage } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { dryRunObject, servedEntry, storageFormOf } from './remote-conversion.ts'
import { objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import type { ServedObject } from './stored-object.ts'

export interface Rewrite {
  readonly request: ResourceRequest
  readonly name: string
  readonly dryRun: boolean
  /** The new object. What it shares with the old one is frozen. Throws to refuse; called again after a lost race. */
  readonly change: (current: DeepReadonly<KubeObject>) => KubeObject
}

/** Lost races before a write is given up. */
const maxAttempts = 100

/**
 * Changes a stored object without the checks of an update, for what the server itself writes. After GuaranteedUpdate
 * of apiserver storage/etcd3. Throws 404 when there is no such object.
 */
export async function rewriteObject({ request, name, dryRun, change }: Rewrite): Promise<ServedObject> {
  const { definition, namespace, services } = request
  const key = objectStoreKey(definition, namespace, name)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const entry = services.store.get(key)
    if (!entry) throw notFound(resourceName(definition), name)
    const draft = change((await servedEntry(entry, definition)).object)
    if (dryRun) return dryRunObject(definition, draft)
    const form = await storageFormOf(definition, draft)
    const result = await services.store.write({ key, value: form.bytes, expected: entry.revision, attachment: form })
    if (result.ok) return servedEntry(result.entry, definition)
  }
  throw conflict(resourceName(definition), name, optimisticLockMessage)
}
