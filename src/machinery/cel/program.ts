import type { CheckedExpression } from './checker.ts'
import type { CelEnvironment } from './environment.ts'
import { type Activation, CelRuntimeError, CostTracker, type Step } from './evaluation.ts'
import { fromJson } from './json-values.ts'
import { PendingDecision } from './library/authorizer-values.ts'
import type { CelType } from './types.ts'
import { type CelValue, Failure } from './values.ts'

/** By name: JSON, or values of CEL. A getter is called when, and if, the expression asks for the variable. */
export type Bindings = Readonly<Record<string, unknown>>

export interface EvaluateOptions {
  /** Past it the run ends with a CostLimitExceededError. Absent: unbounded. */
  readonly costLimit?: number
}

export interface Evaluation {
  readonly value: Exclude<CelValue, Failure>
  readonly cost: number
}

interface ProgramParts {
  readonly environment: CelEnvironment
  readonly checked: CheckedExpression
  readonly step: Step
  readonly type: CelType
}

/** A compiled expression. Immutable: it can run any number of times at once. */
export class CelProgram {
  /** What the expression evaluates to, as far as its text tells. */
  readonly type: CelType
  readonly environment: CelEnvironment
  readonly checked: CheckedExpression
  readonly #step: Step

  constructor({ environment, checked, step, type }: ProgramParts) {
    this.environment = environment
    this.checked = checked
    this.type = type
    this.#step = step
  }

  /** Throws CelRuntimeError with cel-go's text; also for a cost past the limit. */
  evaluate(bindings: Bindings, { costLimit }: EvaluateOptions = {}): Evaluation {
    const tracker = new CostTracker(costLimit)
    const value = this.#run(new Variables(this.environment, bindings, tracker))
    if (value instanceof Failure) throw new CelRuntimeError(value.message, { cost: tracker.cost })
    return { value, cost: tracker.cost }
  }

  /** As `evaluate`, and waits where an authorizer has to ask others: the run then begins again. */
  async evaluateAsync(bindings: Bindings, options: EvaluateOptions = {}): Promise<Evaluation> {
    for (;;) {
      try {
        return this.evaluate(bindings, options)
      } catch (err) {
        if (!(err instanceof PendingDecision)) throw err
        await err.decision
      }
    }
  }

  #run(activation: Activation): CelValue {
    try {
      return this.#step.evaluate(activation)
    } catch (err) {
      // What V8 throws for text or nesting past its limits, which cost alone does not always keep out.
      if (!(err instanceof RangeError)) throw err
      throw new CelRuntimeError('operation cancelled: value too large', { cause: err })
    }
  }
}

class Variables implements Activation {
  readonly tracker: CostTracker
  readonly #environment: CelEnvironment
  readonly #bindings: Bindings
  readonly #resolved = new Map<string, CelValue>()

  constructor(environment: CelEnvironment, bindings: Bindings, tracker: CostTracker) {
    this.#environment = environment
    this.#bindings = bindings
    this.tracker = tracker
  }

  resolve(name: string): CelValue | undefined {
    const known = this.#resolved.get(name)
    if (known !== undefined) return known
    if (!Object.hasOwn(this.#bindings, name)) return undefined
    const value = fromJson(this.#bindings[name], this.#environment.variable(name))
    this.#resolved.set(name, value)
    return value
  }
}
