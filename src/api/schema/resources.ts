import type { ResourceFacts } from './resource-facts.ts'
import { resourceRows } from './resource-rows.ts'

const pluralKey = (resource: { group: string; version: string; plural: string }) =>
  `${resource.group}/${resource.version}/${resource.plural}`

const byPlural: ReadonlyMap<string, ResourceFacts> = new Map(resourceRows.map((row) => [pluralKey(row), row]))

/** Every resource upstream serves by default, in the order discovery lists them within their group-version. */
export const allResources = resourceRows

/** What discovery says of a built-in resource. Throws when upstream does not serve it. */
export function resourceFacts(resource: { group: string; version: string; plural: string }): ResourceFacts {
  const facts = byPlural.get(pluralKey(resource))
  if (facts === undefined) throw new Error(`no such resource: ${pluralKey(resource)}`)
  return facts
}
