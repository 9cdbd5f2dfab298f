import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import { resolveFieldPath } from '../../../machinery/structural-schema/field-path.ts'
import type { JsonSchema, ValidationRule } from '../../../machinery/structural-schema/json-schema.ts'
import { NotStructuralError, parseStructuralSchema } from '../../../machinery/structural-schema/structural-schema.ts'

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

/** How the rules of a schema are written, whatever they mean. After validation.go v1.36. */
export function writtenRuleErrors(schema: JsonSchema, path: string): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  return rules.flatMap((rule, index) => {
    const place = `${path}.x-kubernetes-validations[${index}]`
    return [...textErrors(rule, place), ...reasonErrors(rule, place), ...fieldPathErrors(rule, schema, place)]
  })
}

function textErrors({ rule = '', message = '', messageExpression = '' }: ValidationRule, path: string): FieldError[] {
  const errors: FieldError[] = []
  const text = message.trim()
  if (rule.trim() === '') errors.push(requiredField(`${path}.rule`, 'rule is not specified'))
  else if (message !== '' && text === '')
    errors.push(invalidField(`${path}.message`, message, 'must be non-empty if specified'))
  else if (hasLineBreak(text)) errors.push(invalidField(`${path}.message`, message, 'must not contain line breaks'))
  else if (hasLineBreak(rule.trim()) && text === '')
    errors.push(requiredField(`${path}.message`, 'message must be specified if rule contains line breaks'))
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(requiredField(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  return errors
}

function reasonErrors({ reason }: ValidationRule, path: string): FieldError[] {
  return reason === undefined || reasons.includes(reason) ? [] : [notSupportedField(`${path}.reason`, reason, reasons)]
}

function fieldPathErrors({ fieldPath = '' }: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  if (fieldPath === '') return []
  const place = `${path}.fieldPath`
  const errors: FieldError[] = []
  if (fieldPath.trim() === '') errors.push(invalidField(place, fieldPath, 'must be non-empty if specified'))
  if (hasLineBreak(fieldPath)) errors.push(invalidField(place, fieldPath, 'must not contain line breaks'))
  if (!leadsSomewhere(fieldPath, schema)) errors.push(invalidField(place, fieldPath, 'must be a valid path'))
  return errors
}

/** In a schema that cannot be read any path may be right: there are other errors. */
function leadsSomewhere(fieldPath: string, schema: JsonSchema): boolean {
  try {
    return resolveFieldPath(fieldPath, parseStructuralSchema(schema)).ok
  } catch (error) {
    if (error instanceof NotStructuralError) return true
    throw error
  }
}

function hasLineBreak(text: string): boolean {
  return /[\n\r]/.test(text)
}
