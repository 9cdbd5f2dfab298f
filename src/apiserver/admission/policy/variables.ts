import { expressionForms } from '../../../api/admissionregistration/expression-forms.ts'
import type { CompiledExpression, VariableScope } from '../../../api/admissionregistration/expressions.ts'
import type { Variable } from '../../../api/types/admissionregistration/v1.ts'
import { CelRuntimeError } from '../../../machinery/cel/evaluation.ts'
import type { Bindings } from '../../../machinery/cel/program.ts'
import { CelMap, type CelValue, Failure } from '../../../machinery/cel/values.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'

/** As much as one expression may cost, for each variable. */
const variableCostLimit = 1_000_000

export interface PolicyVariable {
  readonly name: string
  readonly compiled: CompiledExpression
}

/** Each may use those before it, and all later expressions of the policy may use it. */
export function policyVariables(
  variables: readonly DeepReadonly<Variable>[] = [],
  scope: VariableScope,
): PolicyVariable[] {
  return variables.map(({ name, expression }) => ({
    name,
    compiled: scope.declare(name, expression, expressionForms.variable),
  }))
}

/** `variables` as an expression sees it: each is worked out when it is first asked for. After cel/composition.go v1.36. */
export class VariableValues extends CelMap {
  readonly #variables: ReadonlyMap<string, CompiledExpression>
  readonly #bindings: () => Bindings
  readonly #values = new Map<string, CelValue>()
  #cost = 0

  constructor(variables: readonly PolicyVariable[], bindings: () => Bindings) {
    super()
    this.#variables = new Map(variables.map(({ name, compiled }) => [name, compiled]))
    this.#bindings = bindings
  }

  get size(): number {
    return this.#variables.size
  }

  find(key: CelValue): CelValue | undefined {
    const compiled = typeof key === 'string' ? this.#variables.get(key) : undefined
    if (typeof key !== 'string' || !compiled) return undefined
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = this.#evaluate(key, compiled)
    this.#values.set(key, value)
    return value
  }

  keys(): Iterable<CelValue> {
    return this.#variables.keys()
  }

  /** What has been spent on variables since it was last asked. */
  takeCost(): number {
    const cost = this.#cost
    this.#cost = 0
    return cost
  }

  #evaluate(name: string, compiled: CompiledExpression): CelValue {
    const which = `composited variable ${JSON.stringify(name)}`
    if ('error' in compiled) return new Failure(`${which} fails to compile: ${compiled.error}`)
    try {
      const { value, cost } = compiled.program.evaluate(this.#bindings(), { costLimit: variableCostLimit })
      this.#cost += cost
      return value
    } catch (error) {
      if (!(error instanceof CelRuntimeError)) throw error
      return new Failure(`${which} fails to evaluate: ${error.message}`)
    }
  }
}
