import { Document, isScalar, LineCounter, parseAllDocuments, visit, type YAMLError } from 'yaml'
import { exactInteger } from './exact-json.ts'

/**
 * YAML bodies as sigs.k8s.io/yaml v1.6 reads and writes them: YAML 1.1's words for booleans, no times, no base 60.
 */

/** What `parseYaml` throws; the message begins with `yaml: ` as go-yaml's do. */
export class YamlError extends Error {}

export interface ParsedYaml {
  readonly value: unknown
  /** Upstream's text for keys that are set twice, which only strict decoding minds; the last one counts. */
  readonly duplicates: string | undefined
}

export interface ParseYamlOptions {
  /** Integers beyond 2⁵³ become bigints, as far as int64 goes. */
  readonly exactIntegers?: boolean
}

/** go-yaml does not know these forms of scalars; they stay strings. */
const unknownTags = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary'])

const mergeTag = 'tag:yaml.org,2002:merge'

/** Reads the first document of `text`. Aliases are expanded a hundred times at most. Throws YamlError. */
export function parseYaml(text: string, { exactIntegers = false }: ParseYamlOptions = {}): ParsedYaml {
  const lines = new LineCounter()
  const [document] = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: false,
    intAsBigInt: exactIntegers,
    lineCounter: lines,
    // Pretty ones quote the lines around a mistake, and in those may stand a secret that ends up in a log.
    prettyErrors: false,
    logLevel: 'silent',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isUnknownForm(tag)).map(withoutLoneDot),
  })
  if (document === undefined) return { value: null, duplicates: undefined }
  const [error] = document.errors
  if (error !== undefined) throw new YamlError(`yaml: ${errorText(error, lines)}`, { cause: error })
  return { value: toJson(document, exactIntegers), duplicates: duplicateKeys(document, lines) }
}

/** Keys sorted, lists not indented, lines not folded. */
export function formatYaml(value: unknown): string {
  const document = new Document(value, {
    version: '1.1',
    sortMapEntries: true,
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== mergeTag).map(withoutLoneDot),
  })
  visit(document, {
    // Bare, this key would mean "merge" when it is read again.
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value === '<<') key.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ indentSeq: false, lineWidth: 0 })
}

/** The library takes a lone dot, a key in every managedFields entry, for a number; go-yaml does not. */
function withoutLoneDot<T>(tag: T): T {
  const isFloat = typeof tag === 'object' && (tag as { test?: RegExp }).test?.test('.') === true
  return isFloat ? { ...tag, test: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/ } : tag
}

function isUnknownForm(tag: { tag: string; format?: string }): boolean {
  return unknownTags.has(tag.tag) || tag.format === 'TIME'
}

function toJson(document: Document, exactIntegers: boolean): unknown {
  try {
    const reviver = (_key: unknown, value: unknown) => (typeof value === 'bigint' ? exactInteger(value) : value)
    return document.toJS({ maxAliasCount: 100, ...(exactIntegers && { reviver }) })
  } catch (error) {
    const isMerge = error instanceof Error && error.message.startsWith('Merge sources')
    const why = isMerge
      ? 'map merge requires map or sequence of maps as the value'
      : 'document contains excessive aliasing'
    throw new YamlError(`yaml: ${why}`, { cause: error })
  }
}

/** go-yaml's words for the commonest mistakes; the parser's own for the others. */
function errorText(error: YAMLError, lines: LineCounter): string {
  const { line } = lines.linePos(error.pos[0])
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'mapping values are not allowed in this context'
    case 'TAB_AS_INDENT':
      return `line ${line}: found character that cannot start any token`
    case 'BAD_INDENT':
    case 'MISSING_CHAR':
      return `line ${line}: did not find expected node content`
    default:
      return `line ${line}: ${error.message}`
  }
}

interface PairNode {
  readonly key: { readonly value?: unknown; readonly range?: readonly [number, number, number] } | null
  readonly value: unknown
}

function duplicateKeys(document: Document, lines: LineCounter): string | undefined {
  const found: string[] = []
  const visit = (node: unknown): void => {
    const items = (node as { items?: unknown[] } | null)?.items
    if (!Array.isArray(items)) return
    const seen = new Set<unknown>()
    for (const item of items) {
      const pair = item as PairNode
      if (!('key' in pair)) {
        visit(item)
        continue
      }
      const key = pair.key?.value
      if (seen.has(key) && pair.key?.range !== undefined)
        found.push(`  line ${lines.linePos(pair.key.range[0]).line}: key ${JSON.stringify(key)} already set in map`)
      seen.add(key)
      visit(pair.value)
    }
  }
  visit(document.contents)
  return found.length === 0 ? undefined : `yaml: unmarshal errors:\n${found.join('\n')}`
}
