import { expressionForms } from '../../../api/admissionregistration/expression-forms.ts'
import type { ExpressionScope } from '../../../api/admissionregistration/expressions.ts'
import type { MatchCondition } from '../../../api/types/admissionregistration/v1.ts'
import { aggregateMessage } from '../../../machinery/aggregate.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { AdmissionMetrics, ConditionsOwner } from '../admission-metrics.ts'
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

export interface ConditionsResult {
  readonly matches: boolean
  /** What went wrong, where that counts. */
  readonly error?: string
  /** How many conditions went wrong, whether or not that counts. */
  readonly failed: number
}

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
  const errors = results.flatMap((result) => ('error' in result ? [result.error] : []))
  const failed = errors.length
  if (error !== undefined) errors.push(error)
  else if (results.some((result) => 'value' in result && result.value === false)) return { matches: false, failed }
  if (errors.length === 0) return { matches: true, failed }
  return failurePolicy === 'Ignore'
    ? { matches: false, failed }
    : { matches: false, error: aggregateMessage(errors), failed }
}

/** Does `evaluate`, and notes how long it took and what came of it. */
export async function measureConditions(
  metrics: AdmissionMetrics,
  owner: ConditionsOwner,
  evaluate: () => Promise<ConditionsResult>,
): Promise<ConditionsResult> {
  const startMs = metrics.nowMs()
  const result = await evaluate()
  // Of policies upstream does not count whom their conditions keep away.
  const excluded = owner.kind === 'webhook' && !result.matches && result.error === undefined
  metrics.conditions(owner, { elapsedMs: metrics.nowMs() - startMs, errors: result.failed, excluded })
  return result
}

function evaluateAll(conditions: readonly PolicyExpression[], evaluator: Evaluator) {
  try {
    return { results: conditions.map((condition) => evaluator.evaluate(condition)), error: undefined }
  } catch (error) {
    if (!(error instanceof OutOfBudgetError)) throw error
    return { results: [], error: error.message }
  }
}
