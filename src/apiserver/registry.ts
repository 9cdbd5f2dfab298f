import type { ResourceDefinition } from '../api/resource-definition.ts'

/** The resources being served now: built-in ones and, as they come and go, custom ones. */
export interface ResourceRegistry {
  lookup(group: string, version: string, plural: string): ResourceDefinition | undefined
  lookupKind(group: string, version: string, kind: string): ResourceDefinition | undefined
  all(): readonly ResourceDefinition[]
  add(definition: ResourceDefinition): void
  remove(definition: ResourceDefinition): void
  /** Called after every change: discovery and OpenAPI are made anew. */
  onChange(callback: () => void): () => void
}

/** A registry that begins with `definitions`. Throws when two claim the same group, version and plural. */
export function createRegistry(definitions: readonly ResourceDefinition[]): ResourceRegistry {
  const byPlural = new Map<string, ResourceDefinition>()
  const byKind = new Map<string, ResourceDefinition>()
  const listeners = new Set<() => void>()
  const pluralKey = (group: string, version: string, plural: string) => `${group}/${version}/${plural}`
  const put = (definition: ResourceDefinition) => {
    const { group, version, plural, kind } = definition
    const key = pluralKey(group, version, plural)
    if (byPlural.has(key)) throw new Error(`two resources claim ${key}`)
    byPlural.set(key, definition)
    byKind.set(pluralKey(group, version, kind), definition)
  }
  const changed = () => {
    for (const listener of listeners) listener()
  }
  for (const definition of definitions) put(definition)
  return {
    lookup: (group, version, plural) => byPlural.get(pluralKey(group, version, plural)),
    lookupKind: (group, version, kind) => byKind.get(pluralKey(group, version, kind)),
    all: () => [...byPlural.values()],
    add(definition) {
      put(definition)
      changed()
    },
    remove({ group, version, plural, kind }) {
      byPlural.delete(pluralKey(group, version, plural))
      byKind.delete(pluralKey(group, version, kind))
      changed()
    },
    onChange(callback) {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
  }
}
