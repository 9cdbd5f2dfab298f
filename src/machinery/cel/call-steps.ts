/** Calls and operators. After cel-go interpreter/interpretable.go v0.26. */

import { areEqual } from './comparison.ts'
import type { FunctionDeclaration, Implementation, Overload } from './declarations.ts'
import type { Activation, Step } from './evaluation.ts'
import { elementsOf } from './json-values.ts'
import { callCost } from './runtime-cost.ts'
import { isRuntimeAssignable, noSuchOverload, noSuchOverloadOf } from './value-types.ts'
import { type CelList, type CelValue, Failure, mapKey, Optional } from './values.ts'

export function constantStep(constant: CelValue): Step {
  return { constant, evaluate: () => constant }
}

/** `&&` and `||`: a decisive term decides even where others fail. */
export function logicalStep(terms: readonly Step[], { decisive }: { decisive: boolean }): Step {
  return {
    evaluate(activation) {
      let failure: Failure | undefined
      for (const term of terms) {
        const value = term.evaluate(activation)
        if (value === decisive) return decisive
        if (typeof value !== 'boolean') failure ??= value instanceof Failure ? value : noSuchOverload
      }
      return failure ?? !decisive
    },
  }
}

export function equalityStep(name: '_==_' | '_!=_', [left, right]: readonly [Step, Step]): Step {
  const overload = name === '_==_' ? 'equals' : 'not_equals'
  return {
    evaluate(activation) {
      const values = [left.evaluate(activation), right.evaluate(activation)] as const
      const equal = areEqual(...values)
      const result = name === '_==_' || failed(values) ? equal : equal !== true
      activation.tracker.charge(callCost({ function: name, overload, arguments: values, result }))
      return result
    },
  }
}

function failed(values: readonly CelValue[]): boolean {
  return values.some((value) => value instanceof Failure)
}

/** `optional.or()` and `orValue()` look at their argument only if they need it, and cost nothing. */
export function optionalOrStep(overload: string | undefined, [left, right]: readonly Step[]): Step | undefined {
  if (overload !== 'optional_or_optional' && overload !== 'optional_orValue_value') return undefined
  const wantsValue = overload === 'optional_orValue_value'
  return {
    evaluate(activation) {
      const value = left!.evaluate(activation)
      if (!(value instanceof Optional)) return value
      if (value.value === undefined) return right!.evaluate(activation)
      return wantsValue ? value.value : value
    },
  }
}

/** `in` a list of constants, which is free. Undefined where the list holds more than scalars. */
export function membershipStep(value: Step, list: CelList): Step | undefined {
  if (list.size === 0) return constantStep(false)
  const keys = new Set<string>()
  for (const element of elementsOf(list)) {
    const key = scalarKey(element)
    if (key === undefined) return undefined
    keys.add(key)
  }
  return {
    evaluate(activation) {
      const found = value.evaluate(activation)
      if (found instanceof Failure) return found
      const key = scalarKey(found)
      return key !== undefined && keys.has(key)
    },
  }
}

function scalarKey(value: CelValue): string | undefined {
  return mapKey(value) ?? (typeof value === 'number' && !Number.isNaN(value) ? `d${value}` : undefined)
}

interface FunctionCall {
  readonly declared: FunctionDeclaration
  /** The only one the types allow; absent where the values decide. */
  readonly overload: Overload | undefined
  readonly arguments: readonly Step[]
}

export function callStep({ declared, overload, arguments: steps }: FunctionCall): Step {
  const apply = implementationOf(declared, overload)
  const strict = declared.name !== '@not_strictly_false'
  // With more than two arguments nothing is evaluated or charged past the first that fails.
  const stopsEarly = steps.length > 2
  return {
    evaluate(activation: Activation) {
      const values: CelValue[] = []
      let failure: Failure | undefined
      for (const step of steps) {
        const value = step.evaluate(activation)
        values.push(value)
        if (strict && value instanceof Failure) failure ??= value
        if (failure !== undefined && stopsEarly) return failure
      }
      const result = failure ?? apply(...values)
      const call = { function: declared.name, overload: overload?.id ?? '', arguments: values, result }
      activation.tracker.charge(callCost(call))
      return result
    },
  }
}

function implementationOf(declared: FunctionDeclaration, overload: Overload | undefined): Implementation {
  if (declared.apply !== undefined) return declared.apply
  const own = overload?.apply
  if (own === undefined) return (...values) => dispatch(declared, values)
  if (overload!.unguarded) return own
  return (...values) => (fits(overload!, values) ? own(...values) : noSuchOverloadOf(declared.name, values))
}

function dispatch(declared: FunctionDeclaration, values: CelValue[]): CelValue {
  const overload = declared.overloads.find((candidate) => candidate.apply !== undefined && fits(candidate, values))
  return overload?.apply === undefined ? noSuchOverloadOf(declared.name, values) : overload.apply(...values)
}

function fits(overload: Overload, values: readonly CelValue[]): boolean {
  return (
    values.length === overload.arguments.length &&
    (overload.unguarded === true ||
      values.every((value, index) => isRuntimeAssignable(overload.arguments[index]!, value)))
  )
}
