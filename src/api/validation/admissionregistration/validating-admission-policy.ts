import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, invalidField, notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import { JsonPathError, parseJsonPath } from '../../../machinery/json-path.ts'
import { labelKeyErrors } from '../../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { expressionForms } from '../../admissionregistration/expression-forms.ts'
import { VariableScope } from '../../admissionregistration/expressions.ts'
import type {
  AuditAnnotation,
  ExpressionWarning,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
  Validation,
} from '../../types/admissionregistration/v1.ts'
import { checkConditions as checkStatusConditions } from '../conditions.ts'
import { goList, goString, goStruct } from '../go-json.ts'
import { checkExpression } from './expressions.ts'
import { checkConditions, checkConstraints, checkFailurePolicy, checkVariables } from './policies.ts'

type Policy = DeepReadonly<ValidatingAdmissionPolicy>

/** After pkg/apis/admissionregistration/validation v1.36. */
export function validateValidatingAdmissionPolicy(policy: Policy): FieldError[] {
  return checkPolicy(policy, undefined)
}

export function validateValidatingAdmissionPolicyUpdate(policy: Policy, old: Policy): FieldError[] {
  return checkPolicy(policy, old.spec ?? {})
}

type Spec = DeepReadonly<ValidatingAdmissionPolicySpec>

function checkPolicy({ metadata, spec = {} }: Policy, old: Spec | undefined): FieldError[] {
  const errors: FieldError[] = []
  checkFailurePolicy(spec, errors)
  checkConstraints(spec, errors)
  checkConditions(spec, old, errors)
  const scope = new VariableScope({ hasParams: spec.paramKind !== undefined, isComposed: !!spec.variables?.length })
  checkVariables(spec.variables, scope, errors)
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    const why = 'validations or auditAnnotations must contain at least one item'
    errors.push(requiredField('spec.validations', why), requiredField('spec.auditAnnotations', why))
    return errors
  }
  spec.validations?.forEach((validation, index) => {
    checkValidation(validation, scope, `spec.validations[${index}]`, errors)
  })
  checkAuditAnnotations(spec.auditAnnotations, metadata?.name ?? '', scope, errors)
  return errors
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const lineBreak = /[\n\r]/

function checkValidation(
  validation: DeepReadonly<Validation>,
  scope: VariableScope,
  path: string,
  errors: FieldError[],
): void {
  const { expression = '', message = '', messageExpression = '', reason } = validation
  if (expression.trim() === '') errors.push(requiredField(`${path}.expression`, 'expression is not specified'))
  else checkExpression(expression, expressionForms.condition, scope.expressions, `${path}.expression`, errors)
  const messagePath = `${path}.messageExpression`
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(invalidField(messagePath, messageExpression, 'must be non-empty if specified'))
  } else if (messageExpression !== '') {
    checkExpression(messageExpression, expressionForms.message, scope.messages, messagePath, errors)
  }
  if (message !== '' && message.trim() === '') {
    errors.push(invalidField(`${path}.message`, message, 'must be non-empty if specified'))
  } else if (lineBreak.test(message.trim())) {
    errors.push(invalidField(`${path}.message`, message, 'must not contain line breaks'))
  }
  if (reason !== undefined && !reasons.includes(reason)) {
    errors.push(notSupportedField(`${path}.reason`, reason, reasons))
  }
}

const maxAuditAnnotations = 20
/** Less than a value may have, since what an expression puts together is often longer than itself. */
const maxValueExpressionBytes = 5 * 1024

const goAuditAnnotations = goList(
  goStruct([
    ['Key', 'key', goString],
    ['ValueExpression', 'valueExpression', goString],
  ]),
)

function checkAuditAnnotations(
  annotations: readonly DeepReadonly<AuditAnnotation>[] = [],
  policyName: string,
  scope: VariableScope,
  errors: FieldError[],
): void {
  const path = 'spec.auditAnnotations'
  if (annotations.length > maxAuditAnnotations) {
    const why = `must not have more than ${maxAuditAnnotations} auditAnnotations`
    errors.push(invalidField(path, goAuditAnnotations(annotations), why))
  }
  const keys = new Set<string>()
  annotations.forEach(({ key = '', valueExpression = '' }, index) => {
    const at = `${path}[${index}]`
    checkAnnotationKey(key, policyName, `${at}.key`, errors)
    checkValueExpression(valueExpression, scope, `${at}.valueExpression`, errors)
    if (keys.has(key)) errors.push(duplicateField(`${at}.key`, key))
    keys.add(key)
  })
}

function checkAnnotationKey(key: string, policyName: string, path: string, errors: FieldError[]): void {
  if (policyName === '') return void errors.push(invalidField(path, key, 'requires metadata.name be non-empty'))
  const whole = `${policyName}/${key}`
  for (const why of labelKeyErrors(whole)) errors.push(invalidField(path, whole, why))
}

function checkValueExpression(expression: string, scope: VariableScope, path: string, errors: FieldError[]): void {
  const trimmed = expression.trim()
  if (trimmed === '') errors.push(requiredField(path, 'valueExpression is not specified'))
  else if (Buffer.byteLength(trimmed) > maxValueExpressionBytes) {
    errors.push(requiredField(path, `must not exceed ${maxValueExpressionBytes} bytes in length`))
  } else checkExpression(trimmed, expressionForms.auditAnnotation, scope.expressions, path, errors)
}

export function validateValidatingAdmissionPolicyStatus({ status }: Policy): FieldError[] {
  const errors: FieldError[] = []
  status?.typeChecking?.expressionWarnings?.forEach((warning, index) => {
    checkExpressionWarning(warning, `status.typeChecking.expressionWarnings[${index}]`, errors)
  })
  checkStatusConditions(status?.conditions, 'status.conditions', errors)
  return errors
}

function checkExpressionWarning(
  { warning = '', fieldRef = '' }: DeepReadonly<ExpressionWarning>,
  path: string,
  errors: FieldError[],
): void {
  if (warning === '') errors.push(requiredField(`${path}.warning`))
  const trimmed = fieldRef.trim()
  if (trimmed === '') return void errors.push(requiredField(`${path}.fieldRef`))
  const why = jsonPathError(trimmed)
  if (why !== undefined) errors.push(invalidField(`${path}.fieldRef`, trimmed, `invalid JSONPath: ${why}`))
}

function jsonPathError(path: string): string | undefined {
  try {
    // A word at the start is an identifier to upstream's parser; only following it would be refused.
    parseJsonPath(path.replace(/^(?=[\p{L}_])/u, '.'))
    return undefined
  } catch (error) {
    if (error instanceof JsonPathError) return error.message
    throw error
  }
}
