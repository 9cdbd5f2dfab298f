import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules } from '../types/autoscaling/v2.ts'
import { checkOneOf } from './checks.ts'
import { checkNonNegativeQuantity } from './resources.ts'

/** How fast an autoscaler may go. After pkg/apis/autoscaling/validation validateBehavior. */

const maxPeriodSeconds = 1800
const maxStabilizationSeconds = 3600

export function checkScalingBehavior(
  behavior: DeepReadonly<HorizontalPodAutoscalerBehavior> | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (behavior?.scaleUp) checkRules(behavior.scaleUp, `${path}.scaleUp`, errors)
  if (behavior?.scaleDown) checkRules(behavior.scaleDown, `${path}.scaleDown`, errors)
}

function checkRules(rules: DeepReadonly<HPAScalingRules>, path: string, errors: FieldError[]): void {
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules
  const wrongWindow = (why: string) => {
    errors.push(invalidField(`${path}.stabilizationWindowSeconds`, window, why))
  }
  if (window !== undefined && window < 0) wrongWindow('must be greater than or equal to zero')
  if (window !== undefined && window > maxStabilizationSeconds) {
    wrongWindow(`must be less than or equal to ${maxStabilizationSeconds}`)
  }
  if (selectPolicy !== undefined) checkOneOf(selectPolicy, ['Disabled', 'Max', 'Min'], `${path}.selectPolicy`, errors)
  if (!policies?.length) errors.push(requiredField(`${path}.policies`, 'must specify at least one Policy'))
  policies?.forEach((policy, index) => {
    checkPolicy(policy, `${path}.policies[${index}]`, errors)
  })
  if (tolerance !== undefined) checkNonNegativeQuantity(tolerance, `${path}.tolerance`, errors)
}

function checkPolicy(policy: DeepReadonly<Partial<HPAScalingPolicy>>, path: string, errors: FieldError[]): void {
  const { type, value = 0, periodSeconds = 0 } = policy
  checkOneOf(type, ['Percent', 'Pods'], `${path}.type`, errors)
  if (value <= 0) errors.push(invalidField(`${path}.value`, value, 'must be greater than zero'))
  if (periodSeconds <= 0) errors.push(invalidField(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > maxPeriodSeconds) {
    const why = `must be less than or equal to ${maxPeriodSeconds}`
    errors.push(invalidField(`${path}.periodSeconds`, periodSeconds, why))
  }
}
