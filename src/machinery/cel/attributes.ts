/**
 * Variables and values with a chain of selections, such as `self.spec.list[0].?name`. After cel-go
 * interpreter/attributes.go v0.26. Each link costs one, and so does the beginning, but for that of a branch of `?:`.
 */

import type { Activation, Step } from './evaluation.ts'
import { formatValue } from './format-value.ts'
import { noSuchOverload, typeOfValue } from './value-types.ts'
import { CelList, CelMap, type CelValue, Failure, Optional, TypeValue, Unsigned } from './values.ts'

/** One link of a chain. */
export interface Qualifier {
  readonly key: (activation: Activation) => CelValue
  /** Written `.?field` or `[?index]`. */
  readonly optional: boolean
  /** The last link of `has()`: only whether it is there matters. */
  readonly testOnly: boolean
}

export interface Attribute {
  resolve(activation: Activation): CelValue
  addQualifier(qualifier: Qualifier): void
}

abstract class QualifiedAttribute implements Attribute {
  readonly #qualifiers: Qualifier[] = []

  addQualifier(qualifier: Qualifier): void {
    this.#qualifiers.push(qualifier)
  }

  protected abstract begin(activation: Activation): CelValue

  resolve(activation: Activation): CelValue {
    const start = this.begin(activation)
    if (start instanceof Failure || this.#qualifiers.length === 0) return start
    let optional = start instanceof Optional
    let value: CelValue = start
    if (start instanceof Optional) {
      if (start.value === undefined) return start
      value = start.value
    }
    for (const qualifier of this.#qualifiers) {
      optional ||= qualifier.optional
      const next = optional ? selectIfPresent(activation, qualifier, value) : select(activation, qualifier, value)
      if (next instanceof Failure) return next
      if (next === undefined) return new Optional()
      value = next
    }
    return optional ? new Optional(value) : value
  }
}

export class VariableAttribute extends QualifiedAttribute {
  readonly #name: string

  constructor(name: string) {
    super()
    this.#name = name
  }

  protected begin(activation: Activation): CelValue {
    // `null` is a value: an object that is gone.
    const value = activation.resolve(this.#name)
    return value === undefined ? new Failure(`no such attribute(s): ${this.#name}`) : value
  }
}

/** Of the result of a call or a literal. */
export class OperandAttribute extends QualifiedAttribute {
  readonly #operand: Step

  constructor(operand: Step) {
    super()
    this.#operand = operand
  }

  protected begin(activation: Activation): CelValue {
    return this.#operand.evaluate(activation)
  }
}

/** `condition ? a : b`; selections on it go to both. */
export class ConditionalAttribute implements Attribute {
  readonly #condition: Step
  readonly #whenTrue: Attribute
  readonly #whenFalse: Attribute

  constructor(branches: { condition: Step; whenTrue: Attribute; whenFalse: Attribute }) {
    this.#condition = branches.condition
    this.#whenTrue = branches.whenTrue
    this.#whenFalse = branches.whenFalse
  }

  addQualifier(qualifier: Qualifier): void {
    this.#whenTrue.addQualifier(qualifier)
    this.#whenFalse.addQualifier(qualifier)
  }

  resolve(activation: Activation): CelValue {
    const condition = this.#condition.evaluate(activation)
    if (condition === true) return this.#whenTrue.resolve(activation)
    if (condition === false) return this.#whenFalse.resolve(activation)
    return condition instanceof Failure ? condition : noSuchOverload
  }
}

function select(activation: Activation, qualifier: Qualifier, value: CelValue): CelValue {
  const key = qualifier.key(activation)
  const found = key instanceof Failure ? key : qualify(value, key)
  activation.tracker.charge(1)
  if (qualifier.testOnly) return found instanceof Failure ? found : found !== undefined
  return found === undefined ? missing(value, key) : found
}

/** Undefined where there is nothing. What is not there costs nothing, unless that was the question. */
function selectIfPresent(activation: Activation, qualifier: Qualifier, value: CelValue): CelValue | undefined {
  const key = qualifier.key(activation)
  const found = key instanceof Failure ? key : qualify(value, key)
  const present = found !== undefined && !(found instanceof Failure)
  if (present || qualifier.testOnly) activation.tracker.charge(1)
  return present && qualifier.testOnly ? null : found
}

/** What the key leads to. Failure where the value or the key is of a wrong kind, undefined where nothing is there. */
function qualify(value: CelValue, key: CelValue): CelValue | undefined {
  if (!isKey(key)) return new Failure(`invalid qualifier type: ${typeOfValue(key).name}`)
  if (value instanceof CelMap) return value.find(key)
  if (!(value instanceof CelList)) return undefined
  const index = listIndex(key)
  if (index instanceof Failure) return index
  return index >= 0n && index < value.size ? value.at(Number(index)) : undefined
}

function missing(value: CelValue, key: CelValue): Failure {
  const reason = value instanceof CelList ? 'index out of bounds' : 'no such key'
  return new Failure(`${reason}: ${formatValue(key)}`)
}

function isKey(key: CelValue): boolean {
  return ['string', 'bigint', 'number', 'boolean'].includes(typeof key) || key instanceof Unsigned
}

/** Doubles and unsigned numbers will do if nothing is lost. */
export function listIndex(key: CelValue): bigint | Failure {
  if (typeof key === 'bigint') return key
  if (typeof key === 'number' && Number.isInteger(key) && Math.abs(key) < 2 ** 63) return BigInt(key)
  if (key instanceof Unsigned && key.value < 2n ** 63n) return key.value
  if (typeof key === 'number' || key instanceof Unsigned) {
    return new Failure(`unsupported index value ${formatValue(key)} in list`)
  }
  const type = key instanceof TypeValue ? 'type' : typeOfValue(key).name
  return new Failure(`unsupported index type '${type}' in list`)
}
