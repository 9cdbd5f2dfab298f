import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, requiredField, tooManyField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { expressionForms } from '../../admissionregistration/expression-forms.ts'
import type { MatchCondition } from '../../types/admissionregistration/v1.ts'
import { checkQualifiedName } from '../checks.ts'
import { checkExpression } from './expressions.ts'

const maxConditions = 64

/** After pkg/apis/admissionregistration/validation validateMatchConditions v1.36. */
export function checkMatchConditions(
  conditions: readonly DeepReadonly<MatchCondition>[] = [],
  { hasParams }: { readonly hasParams: boolean },
  path: string,
  errors: FieldError[],
): void {
  if (conditions.length > maxConditions) errors.push(tooManyField(path, conditions.length, maxConditions))
  const names = new Set<string>()
  conditions.forEach(({ name = '', expression = '' }, index) => {
    const at = `${path}[${index}]`
    const trimmed = expression.trim()
    if (trimmed === '') errors.push(requiredField(`${at}.expression`))
    else checkExpression(trimmed, expressionForms.condition, { hasParams }, `${at}.expression`, errors)
    if (name === '') errors.push(requiredField(`${at}.name`))
    else checkQualifiedName(name, `${at}.name`, errors)
    if (name !== '' && names.has(name)) errors.push(duplicateField(`${at}.name`, name))
    names.add(name)
  })
}
