import type { CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { compareKubernetesVersions } from '../discovery/group-order.ts'

type Spec = DeepReadonly<CustomResourceDefinitionSpec>

/** What every answer of a deprecated version says. After defaultDeprecationWarning of customresource_handler.go v1.36. */
export function deprecationWarning(
  { group, names, versions }: Spec,
  version: DeepReadonly<CustomResourceDefinitionVersion>,
): string | undefined {
  if (!version.deprecated) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const warning = `${group}/${version.name} ${names.kind} is deprecated`
  const [newest] = versions
    .filter(
      ({ name, served, deprecated }) => served && !deprecated && compareKubernetesVersions(version.name, name) < 0,
    )
    .sort((left, right) => compareKubernetesVersions(right.name, left.name))
  return newest ? `${warning}; use ${group}/${newest.name} ${names.kind}` : warning
}
