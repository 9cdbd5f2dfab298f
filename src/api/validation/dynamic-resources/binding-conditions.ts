import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, invalidField } from '../../../machinery/field-errors.ts'
import { checkList } from './lists.ts'
import { checkLabelKey } from './names.ts'

const maxConditions = 4

interface Bound {
  readonly bindingConditions?: readonly string[]
  readonly bindingFailureConditions?: readonly string[]
}

/** What to wait for before a device is bound, and what ends the waiting. After validateDeviceBindingParameters. */
export function checkBindingConditions(bound: Bound, path: string, errors: FieldError[]): void {
  const { bindingConditions = [], bindingFailureConditions = [] } = bound
  const rules = { most: maxConditions, check: checkLabelKey }
  const at = { wait: `${path}.bindingConditions`, fail: `${path}.bindingFailureConditions` }
  checkList(bindingConditions, rules, at.wait, errors)
  checkList(bindingFailureConditions, rules, at.fail, errors)
  bindingConditions.forEach((condition, index) => {
    if (bindingConditions.indexOf(condition) < index) errors.push(duplicateField(`${at.wait}[${index}]`, condition))
  })
  bindingFailureConditions.forEach((condition, index) => {
    const item = `${at.fail}[${index}]`
    if (bindingFailureConditions.indexOf(condition) < index) errors.push(duplicateField(item, condition))
    if (!bindingConditions.includes(condition)) return
    errors.push(invalidField(item, condition, 'bindingFailureConditions must not overlap with bindingConditions'))
  })
  const counts = [bindingConditions.length, bindingFailureConditions.length]
  if (counts[0] === 0 && counts[1]! > 0) {
    errors.push(
      invalidField(
        at.wait,
        bound.bindingConditions ?? null,
        'bindingConditions are required to use bindingFailureConditions',
      ),
    )
  }
  if (counts[1] === 0 && counts[0]! > 0) {
    errors.push(
      invalidField(
        at.fail,
        bound.bindingFailureConditions ?? null,
        'bindingFailureConditions are required to use bindingConditions',
      ),
    )
  }
}
