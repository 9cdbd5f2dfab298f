import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { Namespace, NamespaceStatus } from '../../api/types/core/v1.ts'
import { conflict, notFound } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { deletionFinalizers } from './before-delete.ts'
import { admitDelete, type Deleted, deleteObject } from './delete-object.ts'
import { objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import { rewriteObject } from './rewrite.ts'
import { servedObject } from './stored-object.ts'
import { timeText } from './write-metadata.ts'
import type { DeleteOptions } from './write-options.ts'

export function isNamespace({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'namespaces'
}

/**
 * A namespace is first marked, and stays until its controller has emptied it and taken `spec.finalizers` away.
 * After registry/core/namespace/storage/storage.go Delete v1.36.
 */
export async function deleteNamespace(request: ResourceRequest, options: DeleteOptions): Promise<Deleted> {
  const { definition, services, name } = request
  const entry = services.store.get(objectStoreKey(definition, '', name))
  if (!entry) throw notFound(resourceName(definition), name)
  const served = servedObject(entry, definition)
  assertPreconditions(request, served.object, options)
  if (served.object.metadata?.deletionTimestamp) {
    const isFull = (served.object as DeepReadonly<Namespace>).spec?.finalizers?.length
    return isFull ? { served, gone: false } : deleteObject(request, name, options)
  }
  await admitDelete(request, served.object, options)
  const change = (current: DeepReadonly<KubeObject>) => terminating(request, current, options)
  return { served: await rewriteObject({ request, name, dryRun: options.dryRun, change }), gone: false }
}

/** Throws 409 when what is to be marked as going is another object than the client means. */
export function assertPreconditions(
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

function terminating(
  { definition, services }: ResourceRequest,
  current: DeepReadonly<Namespace>,
  options: DeleteOptions,
): KubeObject {
  const finalizers = deletionFinalizers(current.metadata!, options, definition.strategy)
  const marked: Namespace = {
    ...(current as Namespace),
    metadata: {
      ...(current.metadata as ObjectMeta),
      deletionTimestamp: current.metadata?.deletionTimestamp ?? timeText(services.clock.nowMs()),
      ...(finalizers.length > 0 ? { finalizers: [...finalizers] } : {}),
    },
    status: { ...(current.status as NamespaceStatus), phase: 'Terminating' },
  }
  return marked
}
