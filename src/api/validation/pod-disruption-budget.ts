import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { PodDisruptionBudget } from '../types/policy/v1.ts'
import { checkNonNegative, checkOneOf } from './checks.ts'
import { checkConditions } from './conditions.ts'
import { checkLabelSelector, isInvalidSelector } from './label-selector.ts'
import { checkAtMostWhole, checkIntOrPercent } from './workloads.ts'

/** After pkg/apis/policy/validation v1.36. */

type Budget = DeepReadonly<PodDisruptionBudget>

export function validatePodDisruptionBudget({ spec = {} }: Budget, old?: Budget): FieldError[] {
  const errors: FieldError[] = []
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const shown = goForm('PodDisruptionBudgetSpec', spec)
    errors.push(invalidField('spec', shown, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    checkIntOrPercent(spec[field], `spec.${field}`, errors)
    checkAtMostWhole(spec[field], `spec.${field}`, errors)
  }
  const rules = { allowInvalidValues: isInvalidSelector(old?.spec?.selector) }
  checkLabelSelector(spec.selector, 'spec.selector', errors, rules)
  const policy = spec.unhealthyPodEvictionPolicy
  if (policy !== undefined) {
    checkOneOf(policy, ['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy', errors)
  }
  return errors
}

export function validatePodDisruptionBudgetStatus({ status }: Budget): FieldError[] {
  const errors: FieldError[] = []
  checkConditions(status?.conditions, 'status.conditions', errors)
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    checkNonNegative(status?.[field], `status.${field}`, errors)
  }
  return errors
}
