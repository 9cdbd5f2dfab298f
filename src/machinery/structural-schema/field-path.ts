import { additionalSchema, type StructuralSchema } from './structural-schema.ts'

/** Where a path such as `.spec.map['key'].field` leads. */
export type FieldPathResult =
  | { readonly ok: true; readonly steps: readonly FieldStep[]; readonly schema: StructuralSchema }
  | { readonly ok: false; readonly why: string }

export interface FieldStep {
  readonly name: string
  /** A property; otherwise a key of a map. */
  readonly isProperty: boolean
}

export interface FieldPathOptions {
  /** Whether names may stand in brackets; default: yes. */
  readonly allowBrackets?: boolean
}

/** After ValidFieldPath of apiextensions-apiserver pkg/apiserver/schema/cel validation.go v1.36. */
export function resolveFieldPath(
  text: string,
  schema: StructuralSchema,
  { allowBrackets = true }: FieldPathOptions = {},
): FieldPathResult {
  const tokens = tokenize(text)
  const steps: FieldStep[] = []
  let here: StructuralSchema = schema
  let at = 0
  while (at < tokens.length) {
    const found = tokens[at] === '[' ? bracketed(tokens, at, allowBrackets) : dotted(tokens, at)
    if ('why' in found) return { ok: false, why: found.why }
    const isProperty = here.properties.size > 0
    const next = isProperty ? here.properties.get(found.name) : additionalSchema(here)
    if (next === undefined) return { ok: false, why: 'does not refer to a valid field' }
    const unclosed = found.closing !== undefined && tokens[found.closing] !== ']'
    if (unclosed) return { ok: false, why: closingError(tokens[found.closing!]) }
    steps.push({ name: found.name, isProperty })
    here = next
    at = found.next
  }
  return { ok: true, steps, schema: here }
}

/** `spec.map[key].field`. */
export function formatFieldPath(steps: readonly FieldStep[]): string {
  return steps
    .map(({ name, isProperty }, index) => (isProperty ? `${index === 0 ? '' : '.'}${name}` : `[${name}]`))
    .join('')
}

type Name = { readonly name: string; readonly next: number; readonly closing?: number } | { readonly why: string }

const endOfPath = { why: 'unexpected end of JSON path' }

function dotted(tokens: readonly string[], at: number): Name {
  if (tokens[at] !== '.') return { why: `expected [ or . but got: ${tokens[at]}` }
  const name = tokens[at + 1]
  return name === undefined ? endOfPath : { name, next: at + 2 }
}

function bracketed(tokens: readonly string[], at: number, allowed: boolean): Name {
  if (!allowed) return { why: 'array notation is not allowed' }
  const quoted = tokens[at + 1]
  if (quoted === undefined) return endOfPath
  if (quoted.length < 2 || !quoted.startsWith("'") || !quoted.endsWith("'"))
    return { why: `expected single quoted string but got ${quoted}` }
  const body = quoted.slice(1, -1)
  const strange = [...body.matchAll(/\\(.)/gs)].find(([, letter]) => !escapes.has(letter!))
  if (strange !== undefined) return { why: `invalid string literal: invalid escape char ${strange[0]}` }
  const name = body.replace(/\\(.)/gs, (_, letter: string) => escapes.get(letter)!)
  return { name, next: at + 3, closing: at + 2 }
}

function closingError(token: string | undefined): string {
  return token === undefined ? endOfPath.why : `expected ] but got ${token}`
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ["'", "'"],
  ['\\', '\\'],
])

/** Dots and brackets, and what stands between them; a quoted string is one token, whatever is in it. */
function tokenize(text: string): string[] {
  return text.match(/'(?:[^'\\]|\\.|\\)*?(?:'|$)|[.[\]]|[^.[\]][^.[\]]*/gs) ?? []
}
