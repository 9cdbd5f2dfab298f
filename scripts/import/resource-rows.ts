import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Verb } from '../../src/api/resource-definition.ts'
import type { ResourceFacts, SubresourceFacts } from '../../src/api/schema/resource-facts.ts'

interface ApiResource {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly Verb[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly storageVersionHash?: string
}

/** Reads every `resources__*.json` (APIResourceList); the core group comes first. */
export function resourceRows(discovery: string): ResourceFacts[] {
  const files = readdirSync(discovery).filter((file) => file.startsWith('resources__'))
  const order = (file: string) => (file === 'resources__v1.json' ? '' : file)
  return files
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .flatMap((file) => rowsOf(JSON.parse(readFileSync(join(discovery, file), 'utf8'))))
}

function rowsOf(list: { groupVersion: string; resources: ApiResource[] }): ResourceFacts[] {
  const [version, group = ''] = list.groupVersion.split('/').reverse()
  const subresourcesOf = (plural: string) =>
    list.resources
      .filter(({ name }) => name.startsWith(`${plural}/`))
      .map((resource): [string, SubresourceFacts] => [resource.name.slice(plural.length + 1), subresourceRow(resource)])
  return list.resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, singularName, kind, namespaced, verbs, shortNames, categories, storageVersionHash }) => ({
      group,
      version: version!,
      plural: name,
      singular: singularName,
      kind,
      namespaced,
      verbs,
      shortNames: shortNames ?? [],
      categories: categories ?? [],
      ...(storageVersionHash === undefined ? {} : { storageVersionHash }),
      subresources: Object.fromEntries(subresourcesOf(name)),
    }))
}

function subresourceRow({ kind, verbs, group, version }: ApiResource): SubresourceFacts {
  return { kind, verbs, ...(version === undefined ? {} : { group: group ?? '', version }) }
}
