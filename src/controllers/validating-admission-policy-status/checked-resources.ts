import type { RuleWithOperations } from '../../api/types/admissionregistration/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** A resource of one version, as discovery tells of it. */
export interface VersionedResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
}

type Rule = Pick<DeepReadonly<RuleWithOperations>, 'apiGroups' | 'apiVersions' | 'resources'>

/** Past so many of one rule no further kinds are looked for. */
const maxKinds = 10

/**
 * The kinds that a policy's rules name. Rules with wildcards name none, and subresources are left out.
 * After policy/validating/typechecking.go typesToCheck v1.36.
 */
export function checkedResources(
  rules: readonly Rule[],
  served: readonly VersionedResource[],
): readonly VersionedResource[] {
  const found = new Map<string, VersionedResource>()
  for (const rule of rules) {
    const named = namedBy(rule).flatMap((wanted) => served.filter((resource) => isMeant(resource, wanted)))
    for (const resource of named.slice(0, maxKinds)) found.set(sortKey(resource), resource)
    if (named.length >= maxKinds) break
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource)
}

interface Wanted {
  readonly group: string
  readonly version: string
  readonly resource: string
}

function namedBy({ apiGroups = [], apiVersions = [], resources = [] }: Rule): Wanted[] {
  if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return []
  const plain = resources.filter((name) => !/[*/]/.test(name)).toSorted()
  return apiGroups
    .toSorted()
    .flatMap((group) =>
      apiVersions.toSorted().flatMap((version) => plain.map((resource) => ({ group, version, resource }))),
    )
}

/** No group means any, not only the core's: upstream's mapper of resources takes what it is not told as open. */
function isMeant({ group, version, plural, singular }: VersionedResource, wanted: Wanted): boolean {
  const name = wanted.resource.toLowerCase()
  const isNamed = name === plural || name === singular
  return isNamed && version === wanted.version && (wanted.group === '' || group === wanted.group)
}

/** A character that names do not have keeps shorter ones first. */
function sortKey({ group, version, kind }: VersionedResource): string {
  return [group, version, kind].join('\0')
}
