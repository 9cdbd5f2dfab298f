import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { Namespace } from '../../api/types/core/v1.ts'
import { conflict, notFound, optimisticLockMessage } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { Entry } from '../../store/store.ts'
import { deletionFinalizers } from './before-delete.ts'
import { admitDelete, type Deleted, deleteObject } from './delete-object.ts'
import { objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import { ServedObject, servedObject, toStorageForm } from './stored-object.ts'
import { timeText } from './write-metadata.ts'
import type { DeleteOptions } from './write-options.ts'

export function isNamespace({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'namespaces'
}

/** Lost races before a delete is given up. */
const maxAttempts = 100

/**
 * A namespace is first marked, and stays until its controller has emptied it and taken `spec.finalizers` away.
 * After registry/core/namespace/storage/storage.go Delete v1.36.
 */
export async function deleteNamespace(request: ResourceRequest, options: DeleteOptions): Promise<Deleted> {
  const { definition, services, name } = request
  const key = objectStoreKey(definition, '', name)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const entry = services.store.get(key)
    if (!entry) throw notFound(resourceName(definition), name)
    const served = servedObject(entry, definition)
    assertPreconditions(request, served.object, options)
    if (served.object.metadata?.deletionTimestamp) {
      const isFull = (served.object as DeepReadonly<Namespace>).spec?.finalizers?.length
      return isFull ? { served, gone: false } : deleteObject(request, name, options)
    }
    const marked = await markTerminating(request, entry, options)
    if (marked) return { served: marked, gone: false }
  }
  throw conflict(resourceName(definition), name, optimisticLockMessage)
}

function assertPreconditions(
  { definition, name }: ResourceRequest,
  { metadata }: DeepReadonly<KubeObject>,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions ?? {}
  if (uid !== undefined && uid !== metadata!.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata!.uid}`
    throw conflict(resourceName(definition), name, why)
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata!.resourceVersion) {
    const actual = metadata!.resourceVersion
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${actual}`
    throw conflict(resourceName(definition), name, why)
  }
}

async function markTerminating(
  request: ResourceRequest,
  entry: Entry,
  options: DeleteOptions,
): Promise<ServedObject | undefined> {
  const { definition, services } = request
  const { object } = servedObject(entry, definition)
  await admitDelete(request, object, options)
  const finalizers = [...deletionFinalizers(object.metadata!, options, definition.strategy)]
  const draft = {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: timeText(services.clock.nowMs()),
      ...(finalizers.length > 0 ? { finalizers } : {}),
    },
    status: { ...(object as DeepReadonly<Namespace>).status, phase: 'Terminating' },
  } as unknown as KubeObject
  if (options.dryRun) return new ServedObject(definition, draft)
  const form = toStorageForm(definition, draft)
  const { key, revision } = entry
  const result = await services.store.write({ key, value: form.bytes, expected: revision, attachment: form })
  return result.ok ? servedObject(result.entry, definition) : undefined
}
