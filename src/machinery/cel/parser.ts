/** Text to syntax tree, by the rules of CEL.g4. After cel-go parser/parser.go v0.26. */

import type { Expression, MapEntry, ObjectField } from './expression.ts'
import { ExpressionFactory } from './expression-factory.ts'
import { type Token, type TokenKind, tokenize } from './lexer.ts'
import { expandMacro, type Macros } from './macro.ts'
import { type CompileError, emptyTextOffset } from './source.ts'
import { UnescapeError, unescapeBytes, unescapeString } from './unescape.ts'
import { Bytes, Unsigned } from './values.ts'

export type ParseResult = { expression: Expression } | { errors: readonly CompileError[] }

/** Nesting of one rule in itself, cel-go's default. */
const deepestRecursion = 250
const longestExpression = 100_000

const reserved = new Set(
  (
    'as break const continue else false for function if import in let loop package namespace null return true var ' +
    'void while'
  ).split(' '),
)

const relations = new Set(['<', '<=', '>=', '>', '==', '!=', 'in'])
const factors = new Set(['*', '/', '%'])
const terms = new Set(['+', '-'])

/** The tree with macros expanded, or every error found. */
export function parse(text: string, macros: Macros): ParseResult {
  const size = [...text].length
  if (size > longestExpression) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${longestExpression}`
    return { errors: [{ offset: -1, message }] }
  }
  const { tokens, errors } = tokenize(text)
  const parser = new Parser(tokens, macros)
  try {
    const expression = parser.start()
    const all = [...errors, ...parser.errors]
    return all.length > 0 ? { errors: all } : { expression }
  } catch (err) {
    if (!(err instanceof SyntaxFailure)) throw err
    return { errors: [...errors, ...parser.errors, err.error] }
  }
}

class SyntaxFailure extends Error {
  readonly error: CompileError

  constructor(error: CompileError) {
    super(error.message)
    this.error = error
  }
}

class Parser {
  readonly errors: CompileError[] = []
  readonly #tokens: readonly Token[]
  readonly #macros: Macros
  readonly #factory = new ExpressionFactory()
  #position = 0
  /** The bracket that may stand here in place of a first item; messages name it among what is expected. */
  #closes: TokenKind | undefined
  #depth = 0

  constructor(tokens: readonly Token[], macros: Macros) {
    this.#tokens = tokens
    this.#macros = macros
  }

  start(): Expression {
    const expression = this.#expression()
    if (this.#next.kind !== 'EOF') this.#fail(`extraneous input '${this.#next.text}' expecting <EOF>`)
    return expression
  }

  get #next(): Token {
    return this.#tokens[this.#position]!
  }

  #take(): Token {
    this.#closes = undefined
    return this.#tokens[this.#position++]!
  }

  #takeIf(kind: TokenKind): Token | undefined {
    return this.#next.kind === kind ? this.#take() : undefined
  }

  #expect(kind: TokenKind): Token {
    return this.#takeIf(kind) ?? this.#fail(`mismatched input '${this.#next.text}' expecting '${kind}'`)
  }

  #fail(message: string): never {
    // ANTLR puts the end of an empty text one column before its beginning.
    const offset = this.#tokens.length === 1 ? emptyTextOffset : this.#next.offset
    throw new SyntaxFailure({ offset, message: `Syntax error: ${message}` })
  }

  /** ANTLR shows what was read of the alternatives; the end of the text is not part of it. */
  #noAlternative(before: string): never {
    const { kind, text } = this.#next
    // Upstream rewords this for words that no name may be.
    if (kind === 'true' || kind === 'false' || kind === 'null')
      this.#fail(`mismatched input '${text}' expecting IDENTIFIER`)
    return this.#fail(`no viable alternative at input '${before}${kind === 'EOF' ? '' : text}'`)
  }

  #report(offset: number, message: string): Expression {
    this.errors.push({ offset, message })
    return this.#factory.unspecified(offset)
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > deepestRecursion) {
      const message = `expression recursion limit exceeded: ${deepestRecursion}`
      throw new SyntaxFailure({ offset: -1, message })
    }
    const result = parse()
    this.#depth--
    return result
  }

  #expression(): Expression {
    return this.#deeper(() => {
      const condition = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()))
      const operator = this.#takeIf('?')
      if (operator === undefined) return condition
      const whenTrue = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()))
      this.#expect(':')
      return this.#factory.call(operator.offset, '_?_:_', [condition, whenTrue, this.#expression()])
    })
  }

  /** Terms of one operator become a balanced tree, so that long chains do not nest deeply. */
  #logical(operator: string, name: string, term: () => Expression): Expression {
    const operands = [term()]
    const offsets: number[] = []
    for (let token = this.#takeIf(operator); token !== undefined; token = this.#takeIf(operator)) {
      offsets.push(token.offset)
      operands.push(term())
    }
    const balanced = (low: number, high: number): Expression => {
      const middle = Math.floor((low + high + 1) / 2)
      const left = middle === low ? operands[middle]! : balanced(low, middle - 1)
      const right = middle === high ? operands[middle + 1]! : balanced(middle + 1, high)
      return this.#factory.call(offsets[middle]!, name, [left, right])
    }
    return offsets.length === 0 ? operands[0]! : balanced(0, offsets.length - 1)
  }

  #relation(): Expression {
    return this.#binary(
      relations,
      (name) => (name === 'in' ? '@in' : `_${name}_`),
      () => this.#sum(),
    )
  }

  #sum(): Expression {
    return this.#binary(
      terms,
      (name) => `_${name}_`,
      () =>
        this.#binary(
          factors,
          (name) => `_${name}_`,
          () => this.#unary(),
        ),
    )
  }

  #binary(operators: ReadonlySet<string>, nameOf: (operator: string) => string, operand: () => Expression): Expression {
    let left = operand()
    for (let chain = 0; operators.has(this.#next.kind); chain++) {
      if (chain >= deepestRecursion) this.#depth = deepestRecursion
      const operator = this.#take()
      const right = this.#deeper(operand)
      left = this.#factory.call(operator.offset, nameOf(operator.text), [left, right])
    }
    return left
  }

  #unary(): Expression {
    const operator = this.#next
    const negatesLiteral = operator.kind === '-' && /^NUM_(?:INT|FLOAT)$/.test(this.#tokens[this.#position + 1]!.kind)
    if ((operator.kind !== '!' && operator.kind !== '-') || negatesLiteral) return this.#member()
    let count = 0
    while (this.#takeIf(operator.kind) !== undefined) count++
    const operand = this.#member()
    if (count % 2 === 0) return operand
    return this.#factory.call(operator.offset, operator.kind === '!' ? '!_' : '-_', [operand])
  }

  #member(): Expression {
    let operand = this.#primary()
    for (let chain = 0; ; chain++) {
      if (chain >= deepestRecursion) this.#deeper(() => this.#fail('too deep'))
      if (this.#next.kind === '.') operand = this.#selection(operand, this.#take())
      else if (this.#next.kind === '[') operand = this.#index(operand, this.#take())
      else return operand
    }
  }

  #selection(operand: Expression, dot: Token): Expression {
    const optional = this.#takeIf('?') !== undefined
    const name = this.#fieldName()
    const open = optional ? undefined : this.#takeIf('(')
    if (open !== undefined) return this.#call(open, name.text, operand)
    if (!optional) return this.#factory.select(dot.offset, operand, name.text)
    return this.#factory.call(dot.offset, '_?._', [operand, this.#factory.literal(name.offset, name.text)])
  }

  #index(operand: Expression, open: Token): Expression {
    const name = this.#takeIf('?') === undefined ? '_[_]' : '_[?_]'
    const index = this.#expression()
    this.#expect(']')
    return this.#factory.call(open.offset, name, [operand, index])
  }

  #call(open: Token, name: string, target: Expression | undefined): Expression {
    const callArguments = this.#sequence(')', () => this.#expression(), { trailingComma: false })
    const call = { offset: open.offset, function: name, target, arguments: callArguments }
    const expanded = expandMacro(this.#macros, call, this.#factory)
    if (expanded === undefined) return this.#factory.call(call.offset, name, callArguments, target)
    return 'error' in expanded ? this.#report(expanded.error.offset, expanded.error.message) : expanded.expression
  }

  /** What stands up to the closing bracket, which is taken too. */
  #sequence<T>(close: TokenKind, item: () => T, options: { trailingComma: boolean }): T[] {
    const items: T[] = []
    if (this.#takeIf(close) !== undefined) return items
    if (options.trailingComma && this.#takeIf(',') !== undefined) {
      this.#expect(close)
      return items
    }
    do {
      if (options.trailingComma && items.length > 0 && this.#next.kind === close) break
      this.#closes = items.length === 0 ? close : undefined
      items.push(item())
    } while (this.#takeIf(',') !== undefined)
    this.#expect(close)
    return items
  }

  #fieldName(): Token {
    const token = this.#takeIf('IDENTIFIER')
    if (token !== undefined) return token
    const escaped = this.#takeIf('ESC_IDENTIFIER')
    if (escaped === undefined) return this.#noAlternative('.')
    // Kubernetes does not switch this syntax on.
    this.#report(escaped.offset, "unsupported syntax: '`'")
    return escaped
  }

  #primary(): Expression {
    const token = this.#next
    switch (token.kind) {
      case '.':
      case 'IDENTIFIER':
        return this.#name()
      case '(':
        return this.#parenthesized()
      case '[':
        return this.#list(this.#take())
      case '{':
        return this.#map(this.#take())
      default:
        return this.#literal()
    }
  }

  #parenthesized(): Expression {
    this.#take()
    const expression = this.#expression()
    this.#expect(')')
    return expression
  }

  #name(): Expression {
    const first = this.#next
    const dot = this.#takeIf('.') === undefined ? '' : '.'
    if (this.#next.kind !== 'IDENTIFIER') this.#noAlternative(dot)
    const typeName = this.#typeName()
    if (typeName !== undefined) return this.#object(this.#take(), dot + typeName)
    const name = this.#take()
    const open = this.#takeIf('(')
    if (reserved.has(name.text)) {
      if (open !== undefined) this.#sequence(')', () => this.#expression(), { trailingComma: false })
      return this.#report(first.offset, `reserved identifier: ${name.text}`)
    }
    if (open !== undefined) return this.#call(open, dot + name.text, undefined)
    return this.#factory.identifier(name.offset, dot + name.text)
  }

  /** Takes `a.b.c` where `{` follows, and nothing otherwise. */
  #typeName(): string | undefined {
    let end = this.#position
    while (this.#tokens[end + 1]?.kind === '.' && this.#tokens[end + 2]?.kind === 'IDENTIFIER') end += 2
    if (this.#tokens[end + 1]?.kind !== '{') return undefined
    const tokens = this.#tokens.slice(this.#position, end + 1)
    this.#position = end + 1
    return tokens.map(({ text }) => text).join('')
  }

  #list(open: Token): Expression {
    const optionals = new Set<number>()
    let count = 0
    const element = () => {
      if (this.#takeIf('?') !== undefined) optionals.add(count)
      count++
      return this.#expression()
    }
    const elements = this.#sequence(']', element, { trailingComma: true })
    return this.#factory.list(open.offset, elements, optionals)
  }

  #map(open: Token): Expression {
    const entry = (): MapEntry => {
      const optional = this.#takeIf('?') !== undefined
      const key = this.#expression()
      const colon = this.#expect(':')
      return this.#factory.mapEntry(colon.offset, { key, value: this.#expression(), optional })
    }
    return this.#factory.map(open.offset, this.#sequence('}', entry, { trailingComma: true }))
  }

  #object(open: Token, typeName: string): Expression {
    const field = (): ObjectField => {
      const optional = this.#takeIf('?') !== undefined
      const name = this.#fieldName()
      const colon = this.#expect(':')
      return this.#factory.objectField(colon.offset, { name: name.text, value: this.#expression(), optional })
    }
    return this.#factory.object(open.offset, typeName, this.#sequence('}', field, { trailingComma: true }))
  }

  #literal(): Expression {
    const start = this.#next
    const sign = this.#takeIf('-') === undefined ? '' : '-'
    const token = this.#next
    const literal = literals[token.kind]
    if (literal === undefined) {
      const expected = this.#closes === ')' ? expectedArgument : expectedPrimary
      return this.#fail(`mismatched input '${token.text}' expecting ${expected}`)
    }
    this.#closes = undefined
    this.#take()
    const value = literal(sign + token.text)
    if (value instanceof InvalidLiteral) return this.#report(start.offset, value.message)
    return this.#factory.literal(start.offset, value)
  }
}

const expectedArgument =
  "{'[', '{', '(', ')', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const expectedPrimary =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

class InvalidLiteral {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

type LiteralValue = string | number | bigint | boolean | null | Unsigned | Bytes

const literals: Readonly<Record<string, (text: string) => LiteralValue | InvalidLiteral>> = {
  true: () => true,
  false: () => false,
  null: () => null,
  NUM_INT: (text) => {
    const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
    return BigInt.asIntN(64, value) === value ? value : new InvalidLiteral('invalid int literal')
  },
  NUM_UINT: (text) => {
    const value = BigInt(text.slice(0, -1))
    return BigInt.asUintN(64, value) === value ? new Unsigned(value) : new InvalidLiteral('invalid uint literal')
  },
  NUM_FLOAT: (text) => {
    const value = Number(text)
    return Number.isFinite(value) ? value : new InvalidLiteral('invalid double literal')
  },
  STRING: (text) => unescaped(() => unescapeString(text)),
  BYTES: (text) => unescaped(() => new Bytes(unescapeBytes(text.slice(1)))),
}

function unescaped<T>(read: () => T): T | InvalidLiteral {
  try {
    return read()
  } catch (err) {
    if (!(err instanceof UnescapeError)) throw err
    return new InvalidLiteral(err.message)
  }
}
