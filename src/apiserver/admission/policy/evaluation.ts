import type { ExpressionForm } from '../../../api/admissionregistration/expression-forms.ts'
import {
  type CompiledExpression,
  compileExpression,
  type ExpressionScope,
} from '../../../api/admissionregistration/expressions.ts'
import type { Namespace } from '../../../api/types/core/v1.ts'
import { CelRuntimeError } from '../../../machinery/cel/evaluation.ts'
import type { Bindings } from '../../../machinery/cel/program.ts'
import type { CelValue } from '../../../machinery/cel/values.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { ExpressionError } from '../admission-metrics.ts'
import { admissionRequest, type VersionedRequest } from '../webhook/admission-review.ts'
import { type PolicyVariable, VariableValues } from './variables.ts'

/** About 0.1 seconds of one expression. After apiserver apis/cel PerCallLimit. */
export const perCallCostLimit = 1_000_000

/** An expression with its text, which errors quote. */
export interface PolicyExpression {
  readonly text: string
  readonly compiled: CompiledExpression
}

export function policyExpression(text: string, form: ExpressionForm, scope: ExpressionScope): PolicyExpression {
  return { text, compiled: compileExpression(text, form, scope) }
}

/** What the expressions are about. */
export interface EvaluationInput {
  readonly request: VersionedRequest
  readonly params?: DeepReadonly<KubeObject> | undefined
  readonly namespace?: DeepReadonly<Namespace> | undefined
  /** CEL values; messages have none. */
  readonly authorizers?: Authorizers | undefined
}

export interface Authorizers {
  readonly authorizer: CelValue
  readonly requestResource: CelValue
}

export type EvaluationResult = { readonly value: CelValue } | { readonly error: string }

/** The expressions of one kind have spent all they may: nothing of them counts. */
export class OutOfBudgetError extends Error {
  constructor() {
    super(`${outOfBudget}, no further validation rules will be run`)
    this.name = 'OutOfBudgetError'
  }
}

/** The sort of an error, by the words it begins with. After policy/validating/errors.go v1.36. */
export function expressionError(message: string): ExpressionError {
  if (message.startsWith('compilation')) return 'compile_error'
  return message.startsWith(outOfBudget) ? 'out_of_budget' : 'invalid_error'
}

const outOfBudget = 'validation failed due to running out of cost budget'

/** What a group of expressions may cost altogether, in CEL's units. */
export class CostBudget {
  #remaining: number

  constructor(limit: number) {
    this.#remaining = limit
  }

  /** Throws OutOfBudgetError. */
  spend(cost: number): void {
    this.#remaining -= cost
    if (this.#remaining < 0) throw new OutOfBudgetError()
  }
}

/** Evaluates a group of expressions over one input; variables are worked out once for all. */
export class Evaluator {
  readonly #bindings: Bindings
  readonly #variables: VariableValues
  readonly #budget: CostBudget

  constructor(input: EvaluationInput, variables: readonly PolicyVariable[], budget: CostBudget) {
    this.#budget = budget
    this.#variables = new VariableValues(variables, () => this.#bindings)
    this.#bindings = bindingsOf(input, this.#variables)
  }

  /** Throws OutOfBudgetError. After admission/plugin/cel/activation.go Evaluate v1.36. */
  evaluate({ text, compiled }: PolicyExpression): EvaluationResult {
    if ('error' in compiled) return { error: `compilation error: ${compiled.error}` }
    try {
      const { value, cost } = compiled.program.evaluate(this.#bindings, { costLimit: perCallCostLimit })
      this.#budget.spend(cost)
      return { value }
    } catch (error) {
      if (!(error instanceof CelRuntimeError)) throw error
      return { error: `expression '${text}' resulted in error: ${error.message}` }
    } finally {
      this.#budget.spend(this.#variables.takeCost())
    }
  }
}

/** After admission/plugin/cel/activation.go newActivation v1.36. */
function bindingsOf({ request, params, namespace, authorizers }: EvaluationInput, variables: CelValue): Bindings {
  const { object, oldObject, attributes } = request
  return {
    object: object ?? null,
    oldObject: oldObject ?? null,
    params: params ?? null,
    namespaceObject: namespace ?? null,
    get request() {
      return { ...admissionRequest(request), options: attributes.options }
    },
    variables,
    ...(authorizers && {
      authorizer: authorizers.authorizer,
      'authorizer.requestResource': authorizers.requestResource,
    }),
  }
}
