import { createHash } from 'node:crypto'
import type { ResourceDefinition, Subresource, Verb } from '../../api/resource-definition.ts'
import { apiVersionOf, parseApiVersion } from '../../machinery/object.ts'
import { keptApiVersion } from '../rest/storage-version.ts'
import { type GroupVersions, orderGroups, type Priorities } from './group-order.ts'
import { noRemoteVersions, type RemoteVersions } from './remote-versions.ts'

/** After apimachinery meta/v1 APIResource. */
export interface ApiResource {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly Verb[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly storageVersionHash?: string
}

interface ResponseKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface GroupVersion {
  readonly group: string
  readonly version: string
}

interface SubresourceEntry {
  readonly name: string
  readonly serves: ResponseKind | undefined
  readonly verbs: readonly Verb[]
}

const scaleKind: ResponseKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
const partVerbs: readonly Verb[] = ['get', 'patch', 'update']

/** The documents under `/api` and `/apis`, made from the resources that are served. Pure. */
export function coreVersions(serverAddress: string) {
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }]
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs }
}

/** `served`: also the group-versions of other servers. */
export function groupList(served: readonly GroupVersion[], priorities?: Priorities) {
  const named = served.filter(({ group }) => group !== '')
  const groups = orderGroups(named, { ties: 'apiService', ...(priorities && { priorities }) }).map(groupEntry)
  return { kind: 'APIGroupList', apiVersion: 'v1', groups }
}

/** Undefined when nothing of the group is served. */
export function groupDocument(served: readonly GroupVersion[], group: string, priorities?: Priorities) {
  const ofGroup = served.filter((groupVersion) => groupVersion.group === group)
  const [found] = orderGroups(ofGroup, priorities && { priorities })
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(found) }
}

function groupEntry({ group, versions }: GroupVersions) {
  const named = versions.map((version) => ({ groupVersion: apiVersionOf({ group, version }), version }))
  return { name: group, versions: named, preferredVersion: named[0] }
}

/** Undefined when nothing of the version is served. */
export function resourceList(definitions: readonly ResourceDefinition[], group: string, version: string) {
  const served = ofVersion(definitions, group, version)
  if (served.length === 0) return undefined
  const resources = served.flatMap((definition) => [
    resourceEntry(definition),
    ...subresourcesOf(definition).map((subresource) => subresourceEntry(definition, subresource)),
  ])
  // Only the core group's document goes without an apiVersion upstream.
  const type = group === '' ? { kind: 'APIResourceList' } : { kind: 'APIResourceList', apiVersion: 'v1' }
  return { ...type, groupVersion: apiVersionOf({ group, version }), resources }
}

function resourceEntry(definition: ResourceDefinition): ApiResource {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    // Kinds that are not stored (reviews, bindings, component statuses) cannot be watched.
    ...(verbs.includes('watch') && { storageVersionHash: storageVersionHash(definition) }),
  }
}

function subresourceEntry(
  { plural, namespaced, kind }: ResourceDefinition,
  subresource: SubresourceEntry,
): ApiResource {
  const { name, serves, verbs } = subresource
  return {
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...(serves?.group && { group: serves.group, version: serves.version }),
    kind: serves?.kind ?? kind,
    verbs,
  }
}

/** Eight bytes of a digest of what a resource is stored as. After apiserver endpoints/discovery/storageversionhash.go. */
function storageVersionHash({ group, version, kind, conversion }: ResourceDefinition): string {
  const apiVersion = conversion?.storageApiVersion ?? keptApiVersion(apiVersionOf({ group, version }), kind)
  const stored = parseApiVersion(apiVersion)
  const digest = createHash('sha256').update(`${stored.group}/${stored.version}/${kind}`).digest()
  return digest.subarray(0, 8).toString('base64')
}

/** One document for all groups but the core group, or for the core group alone. After apidiscovery/v2. */
export function aggregatedList(
  definitions: readonly ResourceDefinition[],
  apiVersion: string,
  remote: RemoteVersions = noRemoteVersions,
) {
  const remotes = new Map(remote.all().map((version) => [apiVersionOf(version), version]))
  const versionEntry = (group: string, version: string) => {
    const { resources, freshness } = remotes.get(apiVersionOf({ group, version })) ?? {
      resources: ofVersion(definitions, group, version).map(aggregatedResource),
      freshness: 'Current',
    }
    return { version, ...(resources.length > 0 && { resources }), freshness }
  }
  const served = [...definitions, ...remotes.values()]
  const items = orderGroups(served, { priorities: remote.priorityOf }).map(({ group, versions }) => ({
    metadata: group === '' ? {} : { name: group },
    versions: versions.map((version) => versionEntry(group, version)),
  }))
  return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items }
}

function aggregatedResource(definition: ResourceDefinition) {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition
  const subresources = subresourcesOf(definition).map(({ name, serves, verbs: subresourceVerbs }) => ({
    subresource: name,
    responseKind: responseKind(serves?.kind ?? kind, serves),
    verbs: subresourceVerbs,
  }))
  return {
    resource: plural,
    responseKind: responseKind(kind),
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  }
}

/** Group and version are empty where they are the resource's own. */
function responseKind(kind: string, serves?: ResponseKind): ResponseKind {
  return { group: serves?.group ?? '', version: serves?.group ? serves.version : '', kind }
}

function ofVersion(definitions: readonly ResourceDefinition[], group: string, version: string): ResourceDefinition[] {
  return definitions
    .filter((definition) => definition.group === group && definition.version === version)
    .sort((left, right) => (left.plural < right.plural ? -1 : 1))
}

function subresourcesOf({ subresources = {} }: ResourceDefinition): SubresourceEntry[] {
  return Object.entries(subresources)
    .map(([name, subresource]) => ({ name, ...describe(subresource) }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

function describe(subresource: Subresource): Omit<SubresourceEntry, 'name'> {
  if (subresource.kind === 'scale') return { serves: scaleKind, verbs: partVerbs }
  if (subresource.kind === 'part') return { serves: undefined, verbs: subresource.verbs }
  return { serves: subresource.serves, verbs: subresource.verbs }
}
