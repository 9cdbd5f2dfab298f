import type { AggregatedResource } from '../discovery/remote-versions.ts'

/** An entry of an APIResourceList, as a server of any age may write it. */
interface ApiResource {
  readonly name: string
  readonly namespaced?: boolean
  readonly group?: string
  readonly version?: string
  readonly kind?: string
  readonly verbs?: readonly string[] | null
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly singularName?: string
}

interface Resource extends Record<string, unknown> {
  readonly resource: string
  readonly scope: string
  subresources?: object[]
}

/**
 * The plain list of resources in the form of the aggregated document. Throws when a subresource is namespaced and its
 * resource is not, or the other way round. After apiserver endpoints ConvertGroupVersionIntoToDiscovery v1.36.
 */
export function toAggregatedResources(list: readonly ApiResource[]): AggregatedResource[] {
  const byName = new Map<string, Resource>()
  for (const resource of list) if (!resource.name.includes('/')) byName.set(resource.name, toResource(resource))
  for (const entry of list) {
    const slash = entry.name.indexOf('/')
    if (slash < 0) continue
    const [parentName, subresource] = [entry.name.slice(0, slash), entry.name.slice(slash + 1)]
    let parent = byName.get(parentName)
    if (!parent) {
      parent = { resource: parentName, responseKind: emptyKind, scope: scopeOf(entry), singularResource: '', verbs: [] }
      byName.set(parentName, parent)
    }
    if (parent.scope !== scopeOf(entry)) {
      const scopes = `Parent ${parentName} (scope: ${parent.scope}) and subresource ${subresource} (scope: ${scopeOf(entry)})`
      throw new Error(`${scopes} scope do not match`)
    }
    parent.subresources ??= []
    parent.subresources.push({ subresource, responseKind: kindOf(entry), verbs: entry.verbs ?? [] })
  }
  return [...byName.values()]
}

const emptyKind = { group: '', version: '', kind: '' }

function toResource(resource: ApiResource): Resource {
  const { name, verbs, shortNames, categories, singularName = '' } = resource
  return {
    resource: name,
    responseKind: kindOf(resource),
    scope: scopeOf(resource),
    singularResource: singularName,
    verbs: verbs ?? [],
    ...(shortNames?.length && { shortNames }),
    ...(categories?.length && { categories }),
  }
}

function kindOf({ group = '', version = '', kind = '' }: ApiResource) {
  return { group, version, kind }
}

function scopeOf({ namespaced = false }: ApiResource): string {
  return namespaced ? 'Namespaced' : 'Cluster'
}
