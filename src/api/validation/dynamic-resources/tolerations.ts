import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import { labelValueErrors } from '../../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { DeviceTaint, DeviceToleration } from '../../types/resource/v1.ts'
import { checkForm, checkOneOf, checkRequiredOneOf } from '../checks.ts'
import { checkLabelKey } from './names.ts'

/** Taints of devices and what tolerates them. After validateDeviceTaint and validateDeviceToleration. */

const effects = ['NoExecute', 'NoSchedule', 'None']

export function checkDeviceTaint(taint: DeepReadonly<DeviceTaint>, path: string, errors: FieldError[]): void {
  checkLabelKey(taint.key, `${path}.key`, errors)
  if (taint.value) checkForm(labelValueErrors, taint.value, `${path}.value`, errors)
  checkRequiredOneOf(taint.effect, effects, `${path}.effect`, errors)
}

export function checkDeviceToleration(
  { key, operator, value = '', effect }: DeepReadonly<DeviceToleration>,
  path: string,
  errors: FieldError[],
): void {
  if (key) checkLabelKey(key, `${path}.key`, errors)
  if (operator === 'Equal') checkForm(labelValueErrors, value, `${path}.value`, errors)
  else if (operator !== 'Exists') checkRequiredOneOf(operator, ['Equal', 'Exists'], `${path}.operator`, errors)
  else if (value !== '') errors.push(invalidField(`${path}.value`, value, 'must be empty for operator `Exists`'))
  if (effect) checkOneOf(effect, effects, `${path}.effect`, errors)
}
