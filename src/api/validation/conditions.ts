import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, invalidField, requiredField, tooLongField } from '../../machinery/field-errors.ts'
import { labelKeyErrors, patternError } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Condition } from '../types/meta/v1.ts'
import { checkForm, checkOneOf } from './checks.ts'

const maxReasonBytes = 1024
const maxMessageBytes = 32 * 1024

const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonForm = new RegExp(`^${reasonPattern}$`)
const reasonRule =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'"
const reasonExamples = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB']

/** After apimachinery meta/v1/validation ValidateConditions v1.36. */
export function checkConditions(
  conditions: readonly DeepReadonly<Condition>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  conditions?.forEach((condition, index) => {
    const at = `${path}[${index}]`
    const type = condition.type ?? ''
    if (seen.has(type)) errors.push(duplicateField(`${at}.type`, type))
    seen.add(type)
    checkCondition(condition, at, errors)
  })
}

function checkCondition(condition: DeepReadonly<Condition>, path: string, errors: FieldError[]): void {
  const { type = '', status, observedGeneration = 0, lastTransitionTime, reason, message = '' } = condition
  checkForm(labelKeyErrors, type, `${path}.type`, errors)
  checkOneOf(status, ['False', 'True', 'Unknown'], `${path}.status`, errors)
  if (observedGeneration < 0) {
    errors.push(invalidField(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'))
  }
  if (!lastTransitionTime) errors.push(requiredField(`${path}.lastTransitionTime`))
  if (!reason) errors.push(requiredField(`${path}.reason`))
  else {
    if (!reasonForm.test(reason)) {
      errors.push(invalidField(`${path}.reason`, reason, patternError(reasonRule, reasonPattern, reasonExamples)))
    }
    if (Buffer.byteLength(reason) > maxReasonBytes) errors.push(tooLongField(`${path}.reason`, maxReasonBytes))
  }
  if (Buffer.byteLength(message) > maxMessageBytes) errors.push(tooLongField(`${path}.message`, maxMessageBytes))
}
