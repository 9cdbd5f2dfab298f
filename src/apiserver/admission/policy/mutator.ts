import { expressionForms } from '../../../api/admissionregistration/expression-forms.ts'
import { VariableScope } from '../../../api/admissionregistration/expressions.ts'
import { schemaForKind } from '../../../api/schema/schema.ts'
import type { MutatingAdmissionPolicy, Mutation } from '../../../api/types/admissionregistration/v1.ts'
import { internalError } from '../../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { Held } from '../../object-reader.ts'
import { decodeMutated } from '../webhook/replace-object.ts'
import { applyConfiguration } from './apply-configuration.ts'
import {
  CostBudget,
  type EvaluationInput,
  Evaluator,
  OutOfBudgetError,
  type PolicyExpression,
  policyExpression,
} from './evaluation.ts'
import { applyPatchValue } from './json-patch.ts'
import { type MatchConditions, matchConditions } from './match-conditions.ts'
import { MutationError } from './mutation-error.ts'
import { type PolicyVariable, policyVariables } from './variables.ts'

/** About one second for a mutation. After apiserver apis/cel RuntimeCELCostBudget. */
const mutationCostBudget = 10_000_000

/** A MutatingAdmissionPolicy with its expressions compiled. */
export interface Mutator {
  readonly conditions: MatchConditions | undefined
  readonly variables: readonly PolicyVariable[]
  readonly mutations: readonly CompiledMutation[]
  /** Asked once more when the object has changed afterwards. */
  readonly isReinvoked: boolean
}

export interface CompiledMutation {
  readonly type: 'JSONPatch' | 'ApplyConfiguration'
  readonly expression: PolicyExpression
}

export function compileMutator({ spec }: Held<MutatingAdmissionPolicy>): Mutator {
  const {
    paramKind,
    variables,
    matchConditions: conditions,
    failurePolicy,
    mutations = [],
    reinvocationPolicy,
  } = spec ?? {}
  const scope = new VariableScope({ hasParams: paramKind !== undefined, isComposed: true })
  const compiledVariables = policyVariables(variables, scope)
  return {
    conditions: matchConditions(conditions, failurePolicy, scope.expressions),
    variables: compiledVariables,
    mutations: mutations.flatMap((mutation) => compileMutation(mutation, scope)),
    isReinvoked: reinvocationPolicy === 'IfNeeded',
  }
}

function compileMutation(mutation: DeepReadonly<Mutation>, { mutations }: VariableScope): CompiledMutation[] {
  const { jsonPatch, applyConfiguration: applied } = mutation
  if (mutation.patchType === 'JSONPatch' && jsonPatch?.expression) {
    const expression = policyExpression(jsonPatch.expression, expressionForms.jsonPatch, mutations)
    return [{ type: 'JSONPatch', expression }]
  }
  if (mutation.patchType === 'ApplyConfiguration' && applied?.expression) {
    const expression = policyExpression(applied.expression, expressionForms.applyConfiguration, mutations)
    return [{ type: 'ApplyConfiguration', expression }]
  }
  return []
}

/**
 * What a mutation makes of the object, with its defaults. Throws a MutationError, and a StatusError for an object that
 * is of its kind no more. After policy/mutating/dispatcher.go dispatchOne v1.36.
 */
export function mutate(
  object: DeepReadonly<KubeObject>,
  { type, expression }: CompiledMutation,
  input: EvaluationInput,
  variables: readonly PolicyVariable[],
): KubeObject {
  const value = evaluate(expression, input, variables)
  const { match } = input.request
  const isOwnKind = match.kind.kind === match.definition.kind
  const schema = isOwnKind ? match.definition.schema : schemaForKind(match.kind)
  const patched = type === 'JSONPatch' ? applyPatchValue(object, value) : applyConfiguration(object, value, schema)
  try {
    return decodeMutated(patched, match, type === 'JSONPatch')
  } catch (error) {
    throw internalError(error)
  }
}

function evaluate(expression: PolicyExpression, input: EvaluationInput, variables: readonly PolicyVariable[]) {
  if ('error' in expression.compiled) throw new MutationError(expression.compiled.error)
  try {
    const result = new Evaluator(input, variables, new CostBudget(mutationCostBudget)).evaluate(expression)
    if ('value' in result) return result.value
    throw new MutationError(result.error)
  } catch (error) {
    if (error instanceof OutOfBudgetError) throw new MutationError(error.message)
    throw error
  }
}
