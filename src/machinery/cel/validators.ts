/** What is refused though its types are right. After cel-go cel/validator.go and ext/formatting.go v0.26. */

import type { CheckedExpression } from './checker.ts'
import { convert } from './conversion.ts'
import {
  type Call,
  childrenOf,
  type Expression,
  type ListLiteral,
  type Literal,
  type MapLiteral,
} from './expression.ts'
import { type Clause, FormatFailure, forEachClause, refusals } from './library/string-format.ts'
import { compilePattern } from './regular-expression.ts'
import type { CompileError } from './source.ts'
import { type CelType, formatType, isDyn, isExactType } from './types.ts'
import { Failure } from './values.ts'

/** Texts of durations, times and patterns that are none, mixed literals, and formats that do not fit their values. */
export function validate(checked: CheckedExpression): readonly CompileError[] {
  const validator = new Validator(checked)
  validator.visit(checked.expression, false)
  return validator.errors
}

/** By function: whether its first argument, written as a literal, will do. */
const literalChecks: Readonly<Record<string, (value: Literal['value']) => boolean>> = {
  duration: (value) => !(convert(value, 'duration') instanceof Failure),
  timestamp: (value) => !(convert(value, 'timestamp') instanceof Failure),
  matches: (value) => typeof value !== 'string' || !(compilePattern(value) instanceof Failure),
}

class Validator {
  readonly errors: CompileError[] = []
  readonly #types: ReadonlyMap<number, CelType>

  constructor({ types }: CheckedExpression) {
    this.#types = types
  }

  /** Literals within a call of `format` may be mixed. */
  visit(expression: Expression, exempt: boolean): void {
    if (expression.kind === 'call') this.#call(expression)
    if (expression.kind === 'list' && !exempt) this.#list(expression)
    if (expression.kind === 'map' && !exempt) this.#map(expression)
    const inner = exempt || (expression.kind === 'call' && expression.function === 'format')
    for (const child of childrenOf(expression)) this.visit(child, inner)
  }

  #error(at: { offset: number }, message: string): void {
    this.errors.push({ offset: at.offset, message })
  }

  #typeOf(expression: Expression): CelType {
    return this.#types.get(expression.id)!
  }

  #call(call: Call): void {
    const [first] = call.arguments
    const check = literalChecks[call.function]
    if (check !== undefined && first?.kind === 'literal' && !check(first.value)) {
      this.#error(first, `invalid ${call.function} argument`)
    }
    if (call.function === 'format' && first?.kind === 'list') this.#format(call, first)
  }

  #list({ elements, optionals }: ListLiteral): void {
    let expected: CelType | undefined
    for (const [index, element] of elements.entries()) {
      const type = this.#contentType(element, optionals.has(index))
      expected ??= type
      if (isExactType(expected, type)) continue
      this.#mismatch(element, expected, type)
      return
    }
  }

  #map({ entries }: MapLiteral): void {
    const [first] = entries
    if (first === undefined) return
    const keyType = this.#typeOf(first.key)
    const valueType = this.#contentType(first.value, first.optional)
    for (const { key, value, optional } of entries) {
      const type = this.#contentType(value, optional)
      if (!isExactType(keyType, this.#typeOf(key))) this.#mismatch(key, keyType, this.#typeOf(key))
      if (!isExactType(valueType, type)) this.#mismatch(value, valueType, type)
    }
  }

  #contentType(expression: Expression, optional: boolean): CelType {
    const type = this.#typeOf(expression)
    return optional ? (type.parameters[0] ?? type) : type
  }

  #mismatch(at: Expression, expected: CelType, found: CelType): void {
    this.#error(at, `expected type '${formatType(expected)}' but found '${formatType(found)}'`)
  }

  #format(call: Call, values: ListLiteral): void {
    if (call.target?.kind !== 'literal' || typeof call.target.value !== 'string') return
    let used = 0
    let place: Expression = call
    const clause = ({ letter }: Clause, index: number) => {
      used++
      place = this.#misfit(letter, values.elements[index]!) ?? call
      if (place === call) return
      const given = this.#typeOf(place).name
      throw new FormatFailure(`error during formatting: ${refusals[letter]!.rule}, was given ${given}`)
    }
    try {
      forEachClause(call.target.value, { clause, text: () => {} }, values.elements.length)
    } catch (err) {
      if (!(err instanceof FormatFailure)) throw err
      this.#error(place, err.message)
      return
    }
    if (values.elements.length <= used) return
    const counts = `(expected ${used}, got ${values.elements.length})`
    this.#error(call, `too many arguments supplied to string.format ${counts}`)
  }

  /** The part of a value that the clause does not take. */
  #misfit(letter: string, value: Expression): Expression | undefined {
    const type = this.#typeOf(value)
    if (!isDyn(type) && !refusals[letter]!.takes.has(type.kind)) return value
    if (letter !== 's') return undefined
    const parts =
      value.kind === 'list'
        ? value.elements
        : value.kind === 'map'
          ? value.entries.flatMap((entry) => [entry.key, entry.value])
          : []
    for (const part of parts) {
      const misfit = this.#misfit(letter, part)
      if (misfit !== undefined) return misfit
    }
    return undefined
  }
}
