import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, requiredField } from '../../../machinery/field-errors.ts'

interface Status {
  readonly conditions?: readonly { readonly type?: string }[]
}

/** Each condition has a type, and each type one condition. After ValidateFlowSchemaStatus. */
export function conditionTypeErrors({ conditions = [] }: Status = {}): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  conditions.forEach(({ type = '' }, index) => {
    const path = `status.conditions[${index}].type`
    if (seen.has(type)) errors.push(duplicateField(path, type))
    seen.add(type)
    if (type === '') errors.push(requiredField(path))
  })
  return errors
}
