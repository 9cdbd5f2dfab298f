import { expressionForms } from '../../../api/admissionregistration/expression-forms.ts'
import { VariableScope } from '../../../api/admissionregistration/expressions.ts'
import type { ValidatingAdmissionPolicy } from '../../../api/types/admissionregistration/v1.ts'
import type { CelValue } from '../../../machinery/cel/values.ts'
import type { StatusReason } from '../../../machinery/status.ts'
import type { Held } from '../../object-reader.ts'
import {
  CostBudget,
  type EvaluationInput,
  type EvaluationResult,
  Evaluator,
  OutOfBudgetError,
  type PolicyExpression,
  policyExpression,
} from './evaluation.ts'
import { type ConditionsResult, evaluateConditions, type MatchConditions, matchConditions } from './match-conditions.ts'
import { type PolicyVariable, policyVariables } from './variables.ts'

/** About one second for all validations of a policy. After apiserver apis/cel RuntimeCELCostBudget. */
export const policyCostBudget = 10_000_000

/** Longer messages of expressions are not shown. */
const maxMessageBytes = 5 * 1024

/** A ValidatingAdmissionPolicy with its expressions compiled. */
export interface Validator {
  readonly conditions: MatchConditions | undefined
  readonly variables: readonly PolicyVariable[]
  readonly validations: readonly CompiledValidation[]
  readonly auditAnnotations: readonly { readonly key: string; readonly expression: PolicyExpression }[]
  /** Mistakes in expressions let requests through. */
  readonly ignoresErrors: boolean
}

interface CompiledValidation {
  readonly expression: PolicyExpression
  readonly message: string
  readonly messageExpression: PolicyExpression | undefined
  readonly reason: StatusReason
}

/** What one validation says of a request. */
export type Decision = { readonly elapsedMs: number } & (
  | { readonly action: 'admit' /** What went wrong, and was ignored. */; readonly error?: string }
  | {
      readonly action: 'deny'
      readonly message: string
      readonly reason?: StatusReason
    }
)

export type AuditNote =
  | { readonly action: 'publish'; readonly key: string; readonly value: string }
  | { readonly action: 'deny'; readonly message: string }

export interface ValidationResult {
  /** In the order of the policy's validations. */
  readonly decisions: readonly Decision[]
  readonly notes: readonly AuditNote[]
}

export function compileValidator({ spec = {} }: Held<ValidatingAdmissionPolicy>): Validator {
  const scope = new VariableScope({ hasParams: spec.paramKind !== undefined, isComposed: true })
  const variables = policyVariables(spec.variables, scope)
  return {
    conditions: matchConditions(spec.matchConditions, spec.failurePolicy, scope.expressions),
    variables,
    validations: (spec.validations ?? []).map(({ expression, message = '', messageExpression, reason }) => ({
      expression: policyExpression(expression, expressionForms.condition, scope.expressions),
      message,
      messageExpression: messageExpression
        ? policyExpression(messageExpression, expressionForms.message, scope.messages)
        : undefined,
      reason: (reason as StatusReason | undefined) ?? 'Invalid',
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: policyExpression(valueExpression, expressionForms.auditAnnotation, scope.expressions),
    })),
    ignoresErrors: spec.failurePolicy === 'Ignore',
  }
}

/** Who measures. */
export interface ValidationObserver {
  readonly nowMs: () => number
  /** Told what came of the match conditions, before anything else is evaluated. */
  readonly conditions: (result: ConditionsResult) => void
}

/** What a policy says of a request with one set of parameters. After policy/validating/validator.go v1.36. */
export function validate(validator: Validator, input: EvaluationInput, observe: ValidationObserver): ValidationResult {
  const { conditions, variables } = validator
  if (conditions) {
    const matched = evaluateConditions(conditions, input, variables)
    observe.conditions(matched)
    if (matched.error !== undefined) return failed(validator, matched.error)
    if (!matched.matches) return { decisions: [], notes: [] }
  }
  try {
    const decisions = decide(validator, input, observe)
    return { decisions, notes: auditNotes(validator, input) }
  } catch (error) {
    if (!(error instanceof OutOfBudgetError)) throw error
    return failed(validator, error.message)
  }
}

function failed(validator: Validator, message: string): ValidationResult {
  return { decisions: [onError(validator, message, 0)], notes: [] }
}

/** Throws OutOfBudgetError when the validations are too much; messages get what these have left. */
function decide(validator: Validator, input: EvaluationInput, { nowMs }: ValidationObserver): Decision[] {
  const { validations, variables } = validator
  const budget = new CostBudget(policyCostBudget)
  const evaluator = new Evaluator(input, variables, budget)
  const results = validations.map(({ expression }) => {
    const startMs = nowMs()
    return { ...evaluator.evaluate(expression), elapsedMs: nowMs() - startMs }
  })
  const messages = evaluateMessages(validator, input, budget)
  return validations.map((validation, index) => {
    const result = results[index]!
    const { elapsedMs } = result
    if ('error' in result) return onError(validator, result.error, elapsedMs)
    if ('error' in messages) return onError(validator, `failed messageExpression: ${messages.error}`, elapsedMs)
    if (result.value === true) return { action: 'admit', elapsedMs }
    const message = messageOf(validation, messages.results[index])
    return { action: 'deny', reason: validation.reason, message, elapsedMs }
  })
}

function onError({ ignoresErrors }: Validator, message: string, elapsedMs: number): Decision {
  if (ignoresErrors) return { action: 'admit', error: message, elapsedMs }
  return { action: 'deny', message, elapsedMs }
}

type Messages = { readonly results: readonly (EvaluationResult | undefined)[] } | { readonly error: string }

function evaluateMessages({ validations, variables }: Validator, input: EvaluationInput, budget: CostBudget): Messages {
  const { authorizers: _authorizers, ...visible } = input
  const evaluator = new Evaluator(visible, variables, budget)
  try {
    return {
      results: validations.map(({ messageExpression }) => messageExpression && evaluator.evaluate(messageExpression)),
    }
  } catch (error) {
    if (!(error instanceof OutOfBudgetError)) throw error
    return { error: error.message }
  }
}

/** What the message expression says, if that can be shown; else the message; else the expression itself. */
function messageOf({ message, expression }: CompiledValidation, result: EvaluationResult | undefined): string {
  const said = result && 'value' in result && typeof result.value === 'string' ? result.value.trim() : ''
  const isShown = Buffer.byteLength(said) <= maxMessageBytes && !said.includes('\n')
  return (isShown && said) || message.trim() || `failed expression: ${expression.text.trim()}`
}

function auditNotes(validator: Validator, input: EvaluationInput): AuditNote[] {
  const { auditAnnotations, variables, ignoresErrors } = validator
  const { authorizers: _authorizers, ...visible } = input
  const evaluator = new Evaluator(visible, variables, new CostBudget(policyCostBudget))
  return auditAnnotations.flatMap(({ key, expression }): AuditNote[] => {
    const result = evaluator.evaluate(expression)
    if ('error' in result) return ignoresErrors ? [] : [{ action: 'deny', message: result.error }]
    return noteOf(key, result.value, expression.text)
  })
}

function noteOf(key: string, value: CelValue, expression: string): AuditNote[] {
  if (value === null) return []
  if (typeof value !== 'string') {
    const why = 'resulted in unsupported return type. Return type must be either string or null.'
    return [{ action: 'deny', message: `valueExpression '${expression}' ${why}` }]
  }
  const text = value.trim()
  return text === '' ? [] : [{ action: 'publish', key, value: text }]
}
