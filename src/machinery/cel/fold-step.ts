/** Comprehensions. After evalFold in cel-go interpreter/interpretable.go v0.26. */

import type { Activation, CostTracker, Step } from './evaluation.ts'
import { typeOfValue } from './value-types.ts'
import { CelList, CelMap, type CelValue, Failure } from './values.ts'

export interface Fold {
  readonly variable: string
  readonly secondVariable: string | undefined
  readonly accumulator: string
  readonly initial: Step
  readonly range: Step
  readonly condition: Step
  readonly step: Step
  readonly result: Step
}

export function foldStep(fold: Fold): Step {
  return {
    evaluate(activation) {
      const range = fold.range.evaluate(activation)
      if (range instanceof Failure) return range
      if (!(range instanceof CelList) && !(range instanceof CelMap)) return notIterable(fold, range)
      const scope = new FoldActivation(fold, activation)
      for (const [first, second] of entriesOf(range, fold.secondVariable !== undefined)) {
        scope.enter(first, second)
        // A condition that fails goes on: the next step may absorb the failure.
        if (fold.condition.evaluate(scope) === false) break
        scope.accumulate(fold.step.evaluate(scope))
      }
      scope.leave()
      return fold.result.evaluate(scope)
    },
  }
}

function notIterable(fold: Fold, range: CelValue): Failure {
  const type = typeOfValue(range).name
  if (fold.secondVariable !== undefined) return new Failure(`unsupported comprehension range type: ${type}`)
  return new Failure(`got '${type}', expected iterable type`)
}

/** For two variables index and element, or key and value; for one the element or key. */
function* entriesOf(range: CelList | CelMap, both: boolean): Iterable<[CelValue, CelValue]> {
  if (range instanceof CelList) {
    for (let index = 0; index < range.size; index++) {
      const element = range.at(index)
      yield both ? [BigInt(index), element] : [element, null]
    }
    return
  }
  for (const key of range.keys()) yield [key, both ? (range.find(key) ?? null) : null]
}

class FoldActivation implements Activation {
  readonly tracker: CostTracker
  readonly #fold: Fold
  readonly #outer: Activation
  #accumulated: CelValue | undefined
  #first: CelValue | undefined
  #second: CelValue | undefined

  constructor(fold: Fold, outer: Activation) {
    this.#fold = fold
    this.#outer = outer
    this.tracker = outer.tracker
  }

  enter(first: CelValue, second: CelValue): void {
    this.#first = first
    this.#second = second
  }

  /** The result sees the accumulator, but no loop variable. */
  leave(): void {
    this.#first = undefined
    this.#second = undefined
  }

  accumulate(value: CelValue): void {
    this.#accumulated = value
  }

  resolve(name: string): CelValue | undefined {
    // The initial value is computed, and paid for, when it is first asked for.
    if (name === this.#fold.accumulator) return this.#accumulated ?? this.#initial()
    if (name === this.#fold.variable && this.#first !== undefined) return this.#first
    if (name === this.#fold.secondVariable && this.#second !== undefined) return this.#second
    return this.#outer.resolve(name)
  }

  #initial(): CelValue {
    this.#accumulated = this.#fold.initial.evaluate(this.#outer)
    return this.#accumulated
  }
}
