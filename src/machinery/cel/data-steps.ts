/** Attributes, and literals of lists, maps and objects. After cel-go interpreter/interpretable.go v0.26. */

import { type Attribute, ConditionalAttribute, type Qualifier } from './attributes.ts'
import type { Activation, Step } from './evaluation.ts'
import { formatValue } from './format-value.ts'
import { listCreateBaseCost, mapCreateBaseCost, structCreateBaseCost } from './runtime-cost.ts'
import { type CelMap, type CelValue, Failure, mapKey, Optional, ValueList, ValueMap } from './values.ts'

export class AttributeStep implements Step {
  readonly attribute: Attribute
  readonly #kind: 'value' | 'presence'

  constructor(attribute: Attribute, kind: 'value' | 'presence' = 'value') {
    this.attribute = attribute
    this.#kind = kind
  }

  addQualifier(qualifier: Qualifier): void {
    this.attribute.addQualifier(qualifier)
  }

  /** Of `has()`, which costs no more than the links before the last. */
  asPresenceTest(): AttributeStep {
    return new AttributeStep(this.attribute, 'presence')
  }

  evaluate(activation: Activation): CelValue {
    const value = this.attribute.resolve(activation)
    if (this.#kind === 'presence') return value instanceof Optional ? value.value !== undefined : value
    if (!(this.attribute instanceof ConditionalAttribute)) activation.tracker.charge(1)
    return value
  }
}

interface Element {
  readonly value: Step
  /** Written with `?`: left out where its optional is empty. */
  readonly optional: boolean
}

/** What an element contributes; undefined where nothing. */
function contribution(value: CelValue, optional: boolean, refusal: () => string): CelValue | undefined {
  if (!optional) return value
  return value instanceof Optional ? value.value : new Failure(refusal())
}

export function listStep(elements: readonly Element[]): Step {
  const evaluate = (activation: Activation): CelValue => {
    const values: CelValue[] = []
    for (const { value: step, optional } of elements) {
      const evaluated = step.evaluate(activation)
      if (evaluated instanceof Failure) return evaluated
      const value = contribution(evaluated, optional, () => {
        return `cannot initialize optional list element from non-optional value ${formatValue(evaluated)}`
      })
      if (value instanceof Failure) return value
      if (value !== undefined) values.push(value)
    }
    return new ValueList(values)
  }
  return charging(evaluate, listCreateBaseCost)
}

export function mapStep(entries: readonly (Element & { readonly key: Step })[]): Step {
  const evaluate = (activation: Activation): CelValue => {
    const pairs: [CelValue, CelValue][] = []
    for (const { key: keyStep, value: step, optional } of entries) {
      const key = keyStep.evaluate(activation)
      if (key instanceof Failure) return key
      const evaluated = step.evaluate(activation)
      if (evaluated instanceof Failure) return evaluated
      if (mapKey(key) === undefined) return new Failure(`unsupported key type: ${formatValue(key)}`)
      const value = contribution(evaluated, optional, () => refusedEntry(formatValue(key), evaluated))
      if (value instanceof Failure) return value
      if (value !== undefined) pairs.push([key, value])
    }
    return ValueMap.of(pairs)
  }
  return charging(evaluate, mapCreateBaseCost)
}

export function objectStep(
  fields: readonly (Element & { readonly name: string })[],
  construct: (fields: ReadonlyMap<string, CelValue>) => CelMap,
): Step {
  const evaluate = (activation: Activation): CelValue => {
    const values = new Map<string, CelValue>()
    for (const { name, value: step, optional } of fields) {
      const evaluated = step.evaluate(activation)
      if (evaluated instanceof Failure) return evaluated
      const value = contribution(evaluated, optional, () => refusedEntry(name, evaluated))
      if (value instanceof Failure) return value
      if (value !== undefined) values.set(name, value)
    }
    return construct(values)
  }
  return charging(evaluate, structCreateBaseCost)
}

function refusedEntry(name: string, value: CelValue): string {
  return `cannot initialize optional entry '${name}' from non-optional value ${formatValue(value)}`
}

function charging(evaluate: (activation: Activation) => CelValue, cost: number): Step {
  return {
    evaluate(activation) {
      const value = evaluate(activation)
      activation.tracker.charge(cost)
      return value
    },
  }
}
