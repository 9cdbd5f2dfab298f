import { expressionForms } from '../../../api/admissionregistration/expression-forms.ts'
import type { ExpressionScope } from '../../../api/admissionregistration/expressions.ts'
import type { MatchCondition } from '../../../api/types/admissionregistration/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import {
  CostBudget,
  type EvaluationInput,
  Evaluator,
  OutOfBudgetError,
  type PolicyExpression,
  policyExpression,
} from './evaluation.ts'
import type { PolicyVariable } from './variables.ts'

/** About a quarter of a second for all conditions. After apiserver apis/cel RuntimeCELCostBudgetMatchConditions. */
const conditionsCostBudget = 2_500_000

/** The conditions that a request must fulfil for a webhook or a policy to be concerned. */
export interface MatchConditions {
  readonly conditions: readonly PolicyExpression[]
  readonly failurePolicy: string
}

export type ConditionsResult = 'match' | 'no match' | { readonly error: string }

/** Undefined when there are none. */
export function matchConditions(
  conditions: readonly DeepReadonly<MatchCondition>[] | undefined,
  failurePolicy: string | undefined,
  scope: ExpressionScope,
): MatchConditions | undefined {
  if (!conditions?.length) return undefined
  return {
    conditions: conditions.map(({ expression }) => policyExpression(expression, expressionForms.condition, scope)),
    failurePolicy: failurePolicy ?? 'Fail',
  }
}

/**
 * One that is false settles it, whatever goes wrong with others; otherwise the failure policy says whether an error is
 * one or means no match. After webhook/matchconditions/matcher.go v1.36.
 */
export function evaluateConditions(
  { conditions, failurePolicy }: MatchConditions,
  input: EvaluationInput,
  variables: readonly PolicyVariable[] = [],
): ConditionsResult {
  const { results, error } = evaluateAll(
    conditions,
    new Evaluator(input, variables, new CostBudget(conditionsCostBudget)),
  )
  if (error === undefined && results.some((result) => 'value' in result && result.value === false)) return 'no match'
  const errors = error === undefined ? results.flatMap((result) => ('error' in result ? [result.error] : [])) : [error]
  if (errors.length === 0) return 'match'
  return failurePolicy === 'Ignore' ? 'no match' : { error: aggregate(errors) }
}

function evaluateAll(conditions: readonly PolicyExpression[], evaluator: Evaluator) {
  try {
    return { results: conditions.map((condition) => evaluator.evaluate(condition)), error: undefined }
  } catch (error) {
    if (!(error instanceof OutOfBudgetError)) throw error
    return { results: [], error: error.message }
  }
}

/** As Go shows several errors as one. After apimachinery util/errors NewAggregate. */
function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)]
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`
}
