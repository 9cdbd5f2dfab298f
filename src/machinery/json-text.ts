import { describeSyntaxError, largestDepth } from './json-syntax-error.ts'

/** JSON as Go's decoder reads it: the same errors, duplicates reported, depth bounded. */

/** What `parseJson` throws; the message is that of Go's encoding/json. */
export class JsonSyntaxError extends Error {}

export interface ParsedJson {
  readonly value: unknown
  /** Whether some object names a member twice; the last one counts. `duplicateMembers` says which. */
  readonly hasDuplicates: boolean
}

/** Reads one JSON value. Throws JsonSyntaxError. */
export function parseJson(text: string): ParsedJson {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new JsonSyntaxError(describeSyntaxError(text), { cause: error })
  }
  return { value, hasDuplicates: countMembersInText(text) !== countMembers(value) }
}

/**
 * Members in the text of valid JSON: the colons outside strings. This is on the way of every write, so it jumps from
 * quote to quote instead of reading strings.
 */
function countMembersInText(text: string): number {
  let members = 0
  let at = 0
  let depth = 0
  while (at < text.length) {
    const code = text.charCodeAt(at++)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x3a) members++
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > largestDepth) throw new JsonSyntaxError('exceeded max depth')
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return members
}

/** Behind the quote that ends the string beginning at `at`. */
function endOfString(text: string, at: number): number {
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return text.length
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c && quote - backslashes > at) backslashes++
    if (backslashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) members += countMembers(value[index])
    return members
  }
  for (const key in value) members += 1 + countMembers((value as Record<string, unknown>)[key])
  return members
}

/** The paths of members named twice, such as `spec.containers[0].name`, in the order of the second one's place. */
export function duplicateMembers(text: string): string[] {
  const found = new Set<string>()
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? []
  const open: { path: string; seen: Set<string> | undefined; index: number; key: string }[] = []
  const pathHere = () => {
    const parent = open.at(-1)
    if (parent === undefined) return ''
    if (parent.seen === undefined) return `${parent.path}[${parent.index}]`
    return parent.path === '' ? parent.key : `${parent.path}.${parent.key}`
  }
  for (const [at, token] of tokens.entries()) {
    const parent = open.at(-1)
    if (token === '{' || token === '[')
      open.push({ path: pathHere(), seen: token === '{' ? new Set() : undefined, index: 0, key: '' })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ',' && parent !== undefined) parent.index++
    else if (tokens[at + 1] === ':' && parent?.seen !== undefined) {
      parent.key = JSON.parse(token)
      if (parent.seen.has(parent.key)) found.add(pathHere())
      parent.seen.add(parent.key)
    }
  }
  return [...found]
}
