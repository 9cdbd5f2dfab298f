import type { CelType } from '../../machinery/cel/types.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ExpressionWarning, ValidatingAdmissionPolicySpec, Variable } from '../types/admissionregistration/v1.ts'
import { expressionForms } from './expression-forms.ts'
import { type ExpressionScope, type KnownTypes, typeIssues, VariableScope } from './expressions.ts'

/** A kind that a policy applies to, and what is known of its objects. */
export interface CheckedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly type: CelType
}

export interface TypeCheck {
  readonly kinds: readonly CheckedKind[]
  /** Undefined: there are none, or nothing is known of them. */
  readonly params: CelType | undefined
}

/**
 * What a policy's validations and their messages ask of objects that do not have it, for each expression the kinds
 * concerned. Never throws. After policy/validating/typechecking.go Check v1.36.
 */
export function expressionWarnings(
  { validations = [], variables = [], paramKind }: DeepReadonly<ValidatingAdmissionPolicySpec>,
  { kinds, params }: TypeCheck,
): ExpressionWarning[] {
  const scopes = kinds.map(({ type, ...kind }) => {
    const scope = scopeOf(variables, { hasParams: paramKind !== undefined, types: { object: type, params } })
    return { name: `${kind.group}/${kind.version}, Kind=${kind.kind}`, scope }
  })
  const check = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    if (!expression) return []
    const issues = scopes.flatMap(({ name, scope }) => {
      const text = typeIssues(expression, scope)
      return text === undefined ? [] : [`${name}: ${text}\n`]
    })
    return issues.length === 0 ? [] : [{ fieldRef, warning: issues.join('\n') }]
  }
  return validations.flatMap(({ expression, messageExpression }, index) => [
    ...check(`spec.validations[${index}].expression`, expression),
    ...check(`spec.validations[${index}].messageExpression`, messageExpression),
  ])
}

function scopeOf(
  variables: readonly DeepReadonly<Variable>[],
  options: { readonly hasParams: boolean; readonly types: KnownTypes },
): ExpressionScope {
  const scope = new VariableScope({ ...options, isComposed: true })
  for (const { name, expression } of variables) scope.declare(name, expression, expressionForms.variable)
  return scope.expressions
}
