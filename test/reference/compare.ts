/**
 * Whether an answer is as recorded. Placeholders of the recordings stand for any value of their form; a number after
 * the colon ties equal values together. Answers the first difference, or `undefined`.
 */

const forms: Readonly<Record<string, string>> = {
  UID: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  RV: '[0-9]+',
  LISTRV: '[0-9]+',
  NUM: '-?[0-9]+',
  NODEPORT: '[0-9]+',
  PORT: '[0-9]+',
  TIME: '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\\.[0-9]+)?Z',
  DATE: '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z',
  RAND: '[a-z0-9]{5}',
  CLUSTERIP: '[0-9a-f.:]+',
  NET: '[0-9a-f.:]+/[0-9]+',
  AGE: '(?:[0-9]+[smhdy])+|<invalid>',
  HASH: '[A-Za-z0-9+/=]+',
}

const placeholder = /<([A-Z][A-Z_]*)(?::([0-9]+))?>/g

export interface Comparison {
  /** Lists have no fixed order. */
  readonly unordered?: boolean
  /** Values of numbered placeholders seen so far; shared by the steps of a case. */
  readonly numbered?: Map<string, string>
  /** managedFields are compared too. */
  readonly managedFields?: boolean
}

type Json = unknown
type JsonObject = Record<string, Json>

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function difference(expected: Json, actual: Json, options: Comparison = {}, path = '$'): string | undefined {
  if (typeof expected === 'string') return textDifference(expected, actual, options, path)
  if (Array.isArray(expected)) return listDifference(expected, actual, options, path)
  if (isObject(expected)) return objectDifference(expected, actual, options, path)
  return Object.is(expected, actual) ? undefined : unequal(expected, actual, path)
}

function unequal(expected: Json, actual: Json, path: string): string {
  const show = (value: Json) => (value === undefined ? 'nothing' : (JSON.stringify(value) ?? '').slice(0, 400))
  return `${path}: expected ${show(expected)}, got ${show(actual)}`
}

/** The descriptions of a Table's columns are upstream's prose. */
const columnPath = /\.columnDefinitions\[\d+\]$/

function objectDifference(expected: JsonObject, actual: Json, options: Comparison, path: string): string | undefined {
  if (!isObject(actual)) return unequal(expected, actual, path)
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (key === 'managedFields' && !options.managedFields) continue
    if (key === 'description' && columnPath.test(path)) continue
    const at = `${path}.${key}`
    if (expected[key] === '<ABSENT>' ? key in actual : !(key in expected) || !(key in actual)) {
      if (expected[key] !== '<ABSENT>' || key in actual) return unequal(expected[key], actual[key], at)
    }
    if (expected[key] === '<ABSENT>') continue
    const found = difference(expected[key], actual[key], options, at)
    if (found) return found
  }
  return undefined
}

function listDifference(expected: Json[], actual: Json, options: Comparison, path: string): string | undefined {
  if (!Array.isArray(actual) || actual.length !== expected.length) return unequal(expected, actual, path)
  if (options.unordered) return bagDifference(expected, actual, options, path)
  for (const [index, item] of expected.entries()) {
    const found = difference(item, actual[index], options, `${path}[${index}]`)
    if (found) return found
  }
  return undefined
}

function bagDifference(expected: Json[], actual: Json[], options: Comparison, path: string): string | undefined {
  const rest = [...actual]
  for (const item of expected) {
    const match = rest.findIndex((candidate) => difference(item, candidate, options) === undefined)
    if (match < 0) return unequal(item, rest, `${path}[]`)
    rest.splice(match, 1)
  }
  return undefined
}

/** What a message may say differently: the JSON of a quoted object, and the server's own service network. */
function withoutFreeParts(text: string): string {
  return text
    .replace(/(patch: Invalid value: )"(?:[^"\\]|\\.)*"/g, '$1…')
    .replace(/^(Invalid value: )"\{(?:[^"\\]|\\.)*\}"/, '$1…')
    .replace(/(The range of valid IPs is ).*$/, '$1…')
}

function textDifference(expected: string, actual: Json, options: Comparison, path: string): string | undefined {
  if (expected === actual || expected === '<ANY>') return undefined
  if (typeof actual !== 'string' && typeof actual !== 'number') return unequal(expected, actual, path)
  const names: string[] = []
  const pattern = withoutFreeParts(expected)
    .split(placeholder)
    .map((part, index, parts) => piece(part, index, parts, names))
    .join('')
  const match = new RegExp(`^(?:${pattern})$`, 's').exec(withoutFreeParts(String(actual)))
  if (!match) return unequal(expected, actual, path)
  return numberedDifference(names, match.slice(1), options, path)
}

/** `split` gives text, name, number, text, name, number, …, text. */
function piece(part: string | undefined, index: number, parts: readonly string[], names: string[]): string {
  if (index % 3 === 0) return escapePattern(part ?? '')
  if (index % 3 === 2) return ''
  names.push(`${part}:${parts[index + 1] ?? ''}`)
  return `(${forms[part ?? ''] ?? '.*'})`
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

function numberedDifference(names: string[], values: string[], options: Comparison, path: string): string | undefined {
  for (const [index, name] of names.entries()) {
    if (name.endsWith(':') || !options.numbered) continue
    const value = values[index]!
    const known = options.numbered.get(name)
    if (known !== undefined && known !== value) return `${path}: <${name}> was ${known}, now ${value}`
    options.numbered.set(name, value)
  }
  return undefined
}
