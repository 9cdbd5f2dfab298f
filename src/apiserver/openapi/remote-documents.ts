import type { OpenApiNode } from './schemas.ts'

/** What other servers document of their group-versions. */
export interface RemoteDocuments {
  /** Their OpenAPI v2 documents, each as far as its own paths go. */
  v2(): readonly OpenApiNode[]
  /** By `apis/group/version`. */
  v3(): ReadonlyMap<string, Uint8Array>
  onChange(callback: () => void): () => void
}

/** Where this server answers everything itself. */
export const noRemoteDocuments: RemoteDocuments = { v2: () => [], v3: () => new Map(), onChange: () => () => {} }

/**
 * One document out of several. Paths that are there already stay; definitions of one name that differ are both kept,
 * the later one under a name of its own. After kube-openapi aggregator
 * MergeSpecsIgnorePathConflictRenamingDefinitionsAndParameters.
 */
export function mergeDocumentsV2(own: OpenApiNode, others: readonly OpenApiNode[]): OpenApiNode {
  return others.reduce(mergeTwo, own)
}

function mergeTwo(into: OpenApiNode, other: OpenApiNode): OpenApiNode {
  const paths = { ...(into.paths as OpenApiNode) }
  const definitions = { ...(into.definitions as OpenApiNode) }
  const renamed = new Map<string, string>()
  const added = Object.entries((other.definitions ?? {}) as OpenApiNode)
  for (const [name, definition] of added) {
    if (!(name in definitions) || isSame(definitions[name], definition)) continue
    renamed.set(`#/definitions/${name}`, `#/definitions/${freeName(name, definitions)}`)
  }
  for (const [name, definition] of added) {
    const target = renamed.get(`#/definitions/${name}`)?.slice('#/definitions/'.length) ?? name
    definitions[target] ??= withReferences(definition, renamed)
  }
  for (const [path, item] of Object.entries((other.paths ?? {}) as OpenApiNode)) {
    paths[path] ??= withReferences(item, renamed)
  }
  return { ...into, paths: sorted(paths), definitions: sorted(definitions) }
}

/** The part of a document that is about one group-version: its paths and the definitions they lead to. */
export function documentOfGroupVersion(document: OpenApiNode, group: string, version: string): OpenApiNode {
  const root = `/apis/${group}/${version}`
  const isOwn = (path: string) => path === root || path.startsWith(`${root}/`)
  const paths = Object.fromEntries(
    Object.entries((document.paths ?? {}) as OpenApiNode).filter(([path]) => isOwn(path)),
  )
  const definitions = (document.definitions ?? {}) as OpenApiNode
  const used = new Set<string>()
  const waiting = referencesIn(paths)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (used.has(name) || !(name in definitions)) continue
    used.add(name)
    waiting.push(...referencesIn(definitions[name]))
  }
  const kept = Object.entries(definitions).filter(([name]) => used.has(name))
  return { paths, definitions: Object.fromEntries(kept) }
}

function referencesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value.replace('#/definitions/', '')] : referencesIn(value),
  )
}

function withReferences(node: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0 || typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map((item) => withReferences(item, renamed))
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === '$ref' && typeof value === 'string' ? (renamed.get(value) ?? value) : withReferences(value, renamed),
  ])
  return Object.fromEntries(entries)
}

function freeName(name: string, taken: OpenApiNode): string {
  for (let number = 2; ; number++) if (!(`${name}_v${number}` in taken)) return `${name}_v${number}`
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function sorted(node: OpenApiNode): OpenApiNode {
  return Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
}
