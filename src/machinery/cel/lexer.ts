/** Text to tokens, by the lexical rules of CEL.g4. After cel-go parser/gen v0.26. */

import type { CompileError } from './source.ts'

/** What a token is: the text itself for operators and keywords, a class for the rest. */
export type TokenKind = string

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** In code points from the start. */
  readonly offset: number
}

export interface Tokens {
  readonly tokens: readonly Token[]
  readonly errors: readonly CompileError[]
}

const operators = [
  ...['==', '!=', '<=', '>=', '&&', '||'],
  ...['<', '>', '[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?', ':', '+', '*', '/', '%'],
]
const keywords = new Set(['in', 'true', 'false', 'null'])

const hidden = /(?:[\t \r\n\f]|\/\/[^\n]*)+/uy
const escapeSequence = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`
const strings = [
  `"(?:${escapeSequence}|[^\\\\"\\n\\r])*"`,
  `'(?:${escapeSequence}|[^\\\\'\\n\\r])*'`,
  `"""(?:${escapeSequence}|[^\\\\])*?"""`,
  `'''(?:${escapeSequence}|[^\\\\])*?'''`,
  `[rR]"[^"\\n\\r]*"`,
  `[rR]'[^'\\n\\r]*'`,
  '[rR]"""[^]*?"""',
  "[rR]'''[^]*?'''",
]

/** In the order of the grammar: of two matches the longer wins, of equal ones the first. */
const classes: readonly (readonly [TokenKind, RegExp])[] = [
  ['NUM_FLOAT', /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/uy],
  ['NUM_INT', /(?:0x[0-9a-fA-F]+|[0-9]+)/uy],
  ['NUM_UINT', /(?:0x[0-9a-fA-F]+|[0-9]+)[uU]/uy],
  ...strings.map((pattern) => ['STRING', new RegExp(pattern, 'uy')] as const),
  ...strings.map((pattern) => ['BYTES', new RegExp(`[bB]${pattern}`, 'uy')] as const),
  ['IDENTIFIER', /[A-Za-z_][A-Za-z0-9_]*/uy],
  ['ESC_IDENTIFIER', /`[A-Za-z0-9_.\-/ ]+`/uy],
]

/** All tokens, the last of kind EOF. Characters that fit nowhere become errors and are skipped. */
export function tokenize(text: string): Tokens {
  const tokens: Token[] = []
  const errors: CompileError[] = []
  let index = 0
  let offset = 0
  const advance = (by: number) => {
    offset += codePoints(text.slice(index, index + by))
    index += by
  }
  for (;;) {
    advance(matchAt(hidden, text, index))
    if (index >= text.length) break
    const found = longestMatch(text, index)
    if (found === undefined) {
      const wrong = text.slice(index, failureEnd(text, index))
      errors.push({ offset, message: `Syntax error: token recognition error at: '${visible(wrong)}'` })
      advance(wrong.length)
      continue
    }
    const tokenText = text.slice(index, index + found.length)
    tokens.push({ kind: keywords.has(tokenText) ? tokenText : found.kind, text: tokenText, offset })
    advance(found.length)
  }
  tokens.push({ kind: 'EOF', text: '<EOF>', offset })
  return { tokens, errors }
}

function longestMatch(text: string, index: number): { kind: TokenKind; length: number } | undefined {
  const operator = operators.find((candidate) => text.startsWith(candidate, index))
  let best = operator === undefined ? undefined : { kind: operator, length: operator.length }
  for (const [kind, pattern] of classes) {
    const length = matchAt(pattern, text, index)
    if (length > (best?.length ?? 0)) best = { kind, length }
  }
  return best
}

function matchAt(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index
  return pattern.exec(text)?.[0].length ?? 0
}

/** Past the first character that no token beginning at `index` could go on with, as far as the text goes. */
function failureEnd(text: string, index: number): number {
  const first = text[index]!
  let end = index + 1
  if (first === '"' || first === "'") {
    end += matchAt(new RegExp(`(?:${escapeSequence}|[^\\\\${first}\\n\\r])*`, 'uy'), text, end)
    end += matchAt(brokenEscape, text, end)
  } else if (first === '`') {
    end += matchAt(/[A-Za-z0-9_.\-/ ]*/uy, text, end)
  } else if (!'=&|'.includes(first)) {
    return index + String.fromCodePoint(text.codePointAt(index)!).length
  }
  const next = text.codePointAt(end)
  return next === undefined ? end : end + String.fromCodePoint(next).length
}

/** As much of an escape as is right. */
const brokenEscape = /\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?/uy

function visible(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
