import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { compareTracked, type OtherVersions } from '../../machinery/managed-fields/track-update.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject, type ManagedFieldsEntry } from '../../machinery/object.ts'

export interface ObjectChange {
  readonly definition: ResourceDefinition
  readonly before: DeepReadonly<KubeObject>
  readonly after: DeepReadonly<KubeObject>
  /** Those whose versions are asked for. */
  readonly managers: readonly DeepReadonly<ManagedFieldsEntry>[]
}

/** Whether managers of other versions have to be told of a change in their own words, which takes calls. */
export function isToldByCall({ definition, managers }: ObjectChange): boolean {
  if (!definition.conversion?.remote) return false
  const own = apiVersionOf(definition)
  return managers.some(({ apiVersion }) => apiVersion !== own)
}

/** What has changed as the versions of the managers show it. Rejects with a StatusError when a conversion fails. */
export async function changesInOtherVersions({
  definition,
  before,
  after,
  managers,
}: ObjectChange): Promise<OtherVersions> {
  const { conversion, custom } = definition
  const versions = new Set(managers.map(({ apiVersion = '' }) => apiVersion))
  versions.delete(apiVersionOf(definition))
  const changes = [...versions].map(async (apiVersion) => {
    const schema = custom?.fieldsOf(apiVersion)
    if (!schema) return [apiVersion, undefined] as const
    const inVersion = (object: DeepReadonly<KubeObject>) => conversion!.remote!.toVersion(object, apiVersion)
    const [old, now] = await Promise.all([inVersion(before), inVersion(after)])
    return [apiVersion, compareTracked(old, now, { schema })] as const
  })
  return new Map(await Promise.all(changes))
}
