import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject } from '../../../machinery/object.ts'
import { cloneDraft } from '../../rest/clone.ts'

/**
 * An object of one version of a resource as another version has it. The object itself is not changed. Rejects with a
 * StatusError when somebody else converts, and fails.
 */
export async function convertObject(
  object: DeepReadonly<KubeObject>,
  from: ResourceDefinition,
  to: ResourceDefinition,
): Promise<DeepReadonly<KubeObject>> {
  // What is below a subresource with a kind of its own has that kind in every version.
  if (from === to || object.kind !== from.kind) return object
  const remote = from.conversion?.remote
  if (remote) return remote.toVersion(cloneDraft<KubeObject>(object), apiVersionOf(to))
  const stored = from.conversion?.toStorage(cloneDraft<KubeObject>(object)) ?? object
  const converted = to.conversion?.fromStorage(stored) ?? stored
  return { ...converted, kind: to.kind, apiVersion: apiVersionOf(to) }
}
