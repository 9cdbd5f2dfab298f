/** One run of an expression: its variables and what it has cost. After cel-go interpreter v0.26. */

import type { CelValue } from './values.ts'

/** Thrown by `evaluate`; the message is cel-go's. */
export class CelRuntimeError extends Error {
  /** What the run had cost when it failed. */
  readonly cost: number

  constructor(message: string, { cost = 0, ...options }: ErrorOptions & { readonly cost?: number } = {}) {
    super(message, options)
    this.cost = cost
  }
}

/** The run cost more than it may; nothing in the expression can catch it. */
export class CostLimitExceededError extends CelRuntimeError {
  constructor(cost?: number) {
    super('operation cancelled: actual cost limit exceeded', cost === undefined ? {} : { cost })
  }
}

/** Counts the cost of one run. Units are cel-go's: about one for each node that is evaluated. */
export class CostTracker {
  readonly #limit: number
  #cost = 0

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit
  }

  get cost(): number {
    return this.#cost
  }

  /** Throws CostLimitExceededError. */
  charge(cost: number): void {
    this.#cost += cost
    if (this.#cost > this.#limit) throw new CostLimitExceededError(this.#cost)
  }
}

/** Variables and the tracker; each comprehension has one of its own, with the outer one behind it. */
export interface Activation {
  readonly tracker: CostTracker
  /** Undefined where there is no such variable. */
  resolve(name: string): CelValue | undefined
}

/** Part of a planned expression. */
export interface Step {
  evaluate(activation: Activation): CelValue
  /** What it evaluates to whatever the variables are; evaluating it costs nothing. */
  readonly constant?: CelValue
}
