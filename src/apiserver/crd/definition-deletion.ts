import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts'
import { notFound } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { admitDelete, type Deleted, deleteObject } from '../rest/delete-object.ts'
import { assertPreconditions } from '../rest/namespace-deletion.ts'
import { objectStoreKey, type ResourceRequest, resourceName } from '../rest/resource-request.ts'
import { rewriteObject } from '../rest/rewrite.ts'
import { servedObject } from '../rest/stored-object.ts'
import { timeText } from '../rest/write-metadata.ts'
import type { DeleteOptions } from '../rest/write-options.ts'
import { withCondition } from './conditions.ts'
import { cleanupFinalizer } from './controllers/finalizer.ts'

export function isDefinition({ group, plural }: ResourceDefinition): boolean {
  return group === 'apiextensions.k8s.io' && plural === 'customresourcedefinitions'
}

/**
 * A definition is first marked, and stays until its objects are gone. After apiextensions-apiserver
 * registry/customresourcedefinition/etcd.go Delete v1.36.
 */
export async function deleteDefinition(request: ResourceRequest, options: DeleteOptions): Promise<Deleted> {
  const { definition, services, name } = request
  const entry = services.store.get(objectStoreKey(definition, '', name))
  if (!entry) throw notFound(resourceName(definition), name)
  const { object } = servedObject(entry, definition)
  assertPreconditions(request, object, options)
  if (object.metadata?.deletionTimestamp) return deleteObject(request, name, options)
  await admitDelete(request, object, options)
  const change = (current: DeepReadonly<KubeObject>) => terminating(current as never, services.clock.nowMs())
  return { served: await rewriteObject({ request, name, dryRun: options.dryRun, change }), gone: false }
}

function terminating(current: DeepReadonly<CustomResourceDefinition>, nowMs: number): KubeObject {
  const metadata = current.metadata as ObjectMeta
  const finalizers = metadata.finalizers ?? []
  const pending = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  }
  const marked = {
    ...(current as CustomResourceDefinition),
    metadata: {
      ...metadata,
      deletionTimestamp: metadata.deletionTimestamp ?? timeText(nowMs),
      finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer],
    },
    status: { ...current.status, conditions: withCondition(current.status?.conditions ?? [], pending, nowMs) },
  }
  return marked as KubeObject
}
