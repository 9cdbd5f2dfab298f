import {
  assertLabelKey,
  type LabelOperator,
  type LabelRequirement,
  labelRequirement,
  SelectorError,
  sortedByKey,
} from './selectors.ts'

/** Reads `a=b,c in (d,e),!f`. After the lexer and parser of apimachinery labels/selector.go v1.36. */

type TokenKind = 'end' | 'error' | 'identifier' | 'in' | 'notin' | ')' | '(' | ',' | '!' | '==' | '=' | '>' | '<' | '!='

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const symbols: ReadonlySet<string> = new Set([')', '(', ',', '!', '==', '=', '>', '<', '!='])
const binaryOperators = 'in, notin, =, ==, !=, gt, lt'

const operatorOf: Partial<Record<TokenKind, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}

/** The requirements of a selector's text, sorted by key. Throws SelectorError with upstream's words. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return sortedByKey(new SelectorParser(tokenize(text)).parse())
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = /[ \t\r\n]*(?:([=!(),<>]+)|([^=!(),<> \t\r\n]+))/gy
  for (const match of text.split('\0', 1)[0]!.matchAll(pattern)) {
    if (match[1] !== undefined) tokens.push(...symbolTokens(match[1]))
    else tokens.push(wordToken(match[2]!))
  }
  return [...tokens, { kind: 'end', text: '' }]
}

function wordToken(text: string): Token {
  return { kind: text === 'in' || text === 'notin' ? text : 'identifier', text }
}

/** The longest symbol first; every symbol of one character is a token too, so nothing can be left over. */
function symbolTokens(run: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < run.length; ) {
    const two = run.slice(at, at + 2)
    const symbol = symbols.has(two) ? two : run[at]!
    tokens.push({ kind: symbol as TokenKind, text: symbol })
    at += symbol.length
  }
  return tokens
}

class SelectorParser {
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    while (this.#peek().kind !== 'end') {
      const { kind, text } = this.#peek()
      if (kind !== 'identifier' && kind !== '!')
        throw new SelectorError(`found '${text}', expected: !, identifier, or 'end of string'`)
      requirements.push(this.#requirementWithContext())
      const after = this.#next()
      if (after.kind === 'end') break
      if (after.kind !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`)
      const following = this.#peek()
      if (following.kind !== 'identifier' && following.kind !== '!')
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`)
    }
    return requirements
  }

  #requirementWithContext(): LabelRequirement {
    try {
      return this.#requirement()
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error
      throw new SelectorError(`unable to parse requirement: ${error.message}`)
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.#peek().kind === '!'
    if (negated) this.#next()
    const { kind, text: key } = this.#next()
    if (kind !== 'identifier') throw new SelectorError(`found '${key}', expected: identifier`)
    assertLabelKey(key)
    if (negated) return labelRequirement(key, '!', [])
    if (this.#peek().kind === 'end' || this.#peek().kind === ',') return labelRequirement(key, 'exists', [])
    const operator = this.#operator()
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()]
    return labelRequirement(key, operator, [...new Set(values)].sort())
  }

  #operator(): LabelOperator {
    const { kind, text } = this.#tokens[this.#position++]!
    const operator = operatorOf[kind]
    if (operator === undefined) throw new SelectorError(`found '${text}', expected: ${binaryOperators}`)
    return operator
  }

  #exactValue(): string {
    const { kind } = this.#peek()
    if (kind === 'end' || kind === ',') return ''
    const value = this.#next()
    if (value.kind !== 'identifier') throw new SelectorError(`found '${value.text}', expected: identifier`)
    return value.text
  }

  #values(): string[] {
    const open = this.#next()
    if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.kind === ')') {
      this.#next()
      return ['']
    }
    if (first.kind !== 'identifier' && first.kind !== ',')
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`)
    const values = this.#identifiers()
    if (this.#next().kind !== ')') throw new SelectorError(`found '${first.text}', expected: ')'`)
    return values
  }

  /** Up to the closing parenthesis. An empty place between commas is the empty value. */
  #identifiers(): string[] {
    const values: string[] = []
    for (;;) {
      const { kind, text } = this.#next()
      const { kind: nextKind, text: nextText } = this.#peek()
      if (kind === 'identifier') {
        values.push(text)
        if (nextKind === ')') return values
        if (nextKind !== ',') throw new SelectorError(`found '${nextText}', expected: ',' or ')'`)
      } else if (kind === ',') {
        if (values.length === 0 || nextKind === ',' || nextKind === ')') values.push('')
        if (nextKind === ')') return values
      } else {
        throw new SelectorError(`found '${text}', expected: ',', or identifier`)
      }
    }
  }

  /** The next token; `in` and `notin` are words wherever no operator is due. */
  #peek(): Token {
    const token = this.#tokens[Math.min(this.#position, this.#tokens.length - 1)]!
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token
  }

  #next(): Token {
    const token = this.#peek()
    this.#position++
    return token
  }
}
