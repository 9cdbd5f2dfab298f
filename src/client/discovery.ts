import type { ResourceRef } from '../api/resource-ref.ts'
import { parseApiVersion } from '../machinery/object.ts'
import type { Transport } from './transport.ts'
import { requestOrThrow } from './typed-client.ts'

export interface DiscoveredResource extends ResourceRef {
  readonly verbs: readonly string[]
}

export interface Discovery {
  /** Each resource once, in the version its group prefers. Without subresources. */
  readonly resources: readonly DiscoveredResource[]
  /** Group versions that did not answer, such as an aggregated API whose server is down. */
  readonly failures: readonly { readonly groupVersion: string; readonly error: unknown }[]
}

interface ApiVersions {
  readonly versions: readonly string[]
}

interface ApiGroupList {
  readonly groups: readonly { readonly name: string; readonly versions: readonly { readonly groupVersion: string }[] }[]
}

interface ApiResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs?: readonly string[]
  }[]
}

/**
 * What the server serves, custom resources included. Throws only when the list of groups cannot be had. After
 * client-go discovery ServerPreferredResources.
 */
export async function discoverResources(transport: Transport, signal?: AbortSignal): Promise<Discovery> {
  const get = <R>(path: string) => requestOrThrow<R>(transport, { method: 'GET', path, ...(signal ? { signal } : {}) })
  const [core, named] = await Promise.all([get<ApiVersions>('/api'), get<ApiGroupList>('/apis')])
  // A group lists its versions in order of preference.
  const groupVersions = [
    ...core.versions,
    ...named.groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion)),
  ]
  const answers = await Promise.allSettled(
    groupVersions.map((groupVersion) => get<ApiResourceList>(pathOf(groupVersion))),
  )
  const resources = new Map<string, DiscoveredResource>()
  const failures: { groupVersion: string; error: unknown }[] = []
  for (const [index, groupVersion] of groupVersions.entries()) {
    const answer = answers[index]!
    if (answer.status === 'rejected') failures.push({ groupVersion, error: answer.reason })
    else for (const resource of resourcesOf(groupVersion, answer.value)) keepFirst(resources, resource)
  }
  return { resources: [...resources.values()], failures }
}

function pathOf(groupVersion: string): string {
  return groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`
}

function resourcesOf(groupVersion: string, { resources }: ApiResourceList): DiscoveredResource[] {
  const { group, version } = parseApiVersion(groupVersion)
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, verbs = [] }) => ({ group, version, plural: name, kind, namespaced, verbs }))
}

function keepFirst(resources: Map<string, DiscoveredResource>, resource: DiscoveredResource): void {
  const key = `${resource.group}/${resource.plural}`
  if (!resources.has(key)) resources.set(key, resource)
}
