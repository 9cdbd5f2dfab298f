import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import { labelKeyErrors, labelValueErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { LabelSelector, LabelSelectorRequirement } from '../types/meta/v1.ts'
import { checkForm, checkLabels } from './checks.ts'

export interface SelectorRules {
  /** What was stored before values were checked may stay. */
  readonly allowInvalidValues?: boolean
}

/** After apimachinery meta/v1/validation ValidateLabelSelector. */
export function checkLabelSelector(
  selector: DeepReadonly<LabelSelector> | undefined,
  path: string,
  errors: FieldError[],
  rules: SelectorRules = {},
): void {
  if (!selector) return
  checkLabels(selector.matchLabels, `${path}.matchLabels`, errors)
  selector.matchExpressions?.forEach((requirement, index) => {
    checkRequirement(requirement, rules, `${path}.matchExpressions[${index}]`, errors)
  })
}

/** Whether a stored selector has something wrong, so that a new one may have it too. */
export function isInvalidSelector(selector: DeepReadonly<LabelSelector> | undefined): boolean {
  const errors: FieldError[] = []
  checkLabelSelector(selector, '', errors)
  return errors.length > 0
}

function checkRequirement(
  { key, operator, values = [] }: DeepReadonly<LabelSelectorRequirement>,
  { allowInvalidValues }: SelectorRules,
  path: string,
  errors: FieldError[],
): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(requiredField(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.push(
        forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      )
    }
  } else {
    errors.push(invalidField(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  }
  checkForm(labelKeyErrors, key ?? '', `${path}.key`, errors)
  if (allowInvalidValues) return
  values.forEach((value, index) => {
    checkForm(labelValueErrors, value, `${path}.values[${index}]`, errors)
  })
}

/** Whether a selector asks for nothing, and so selects everything. */
export function isEmptySelector(selector: DeepReadonly<LabelSelector> | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0
}
