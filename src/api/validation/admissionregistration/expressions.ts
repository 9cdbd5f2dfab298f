import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { ExpressionForm } from '../../admissionregistration/expression-forms.ts'
import { compileExpression, type ExpressionScope } from '../../admissionregistration/expressions.ts'

/** Adds why `expression` does not compile, or has a value of another type. */
export function checkExpression(
  expression: string,
  form: ExpressionForm,
  scope: ExpressionScope,
  path: string,
  errors: FieldError[],
): void {
  const compiled = compileExpression(expression, form, scope)
  if ('error' in compiled) errors.push(invalidField(path, expression, compiled.error))
}
