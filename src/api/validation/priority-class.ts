import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { PriorityClass } from '../types/scheduling/v1.ts'
import { checkImmutable, checkRequiredOneOf } from './checks.ts'

const highestUserPriority = 1_000_000_000

const systemPriorities: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
])

/** After pkg/apis/scheduling/validation ValidatePriorityClass v1.36. */
export function validatePriorityClass(object: DeepReadonly<PriorityClass>): FieldError[] {
  const errors: FieldError[] = []
  const name = object.metadata?.name ?? ''
  const { value = 0, preemptionPolicy } = object
  if (name.startsWith('system-')) {
    const why = systemClassError(name, object)
    const reserved = "priority class names with 'system-' prefix are reserved for system use only. error: "
    if (why !== undefined) errors.push(forbiddenField('metadata.name', `${reserved}${why}`))
  } else if (value > highestUserPriority) {
    errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`))
  }
  if (preemptionPolicy !== undefined) {
    checkRequiredOneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], 'preemptionPolicy', errors)
  }
  return errors
}

function systemClassError(name: string, { value = 0, globalDefault }: DeepReadonly<PriorityClass>): string | undefined {
  const priority = systemPriorities.get(name)
  if (priority === undefined) return `${name} is not a known system priority class`
  if (value !== priority) return `value of ${name} PriorityClass must be ${priority}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

export function validatePriorityClassUpdate(
  object: DeepReadonly<PriorityClass>,
  old: DeepReadonly<PriorityClass>,
): FieldError[] {
  const errors: FieldError[] = []
  if (object.value !== old.value) errors.push(forbiddenField('value', 'may not be changed in an update.'))
  const { preemptionPolicy } = object
  checkImmutable(preemptionPolicy === old.preemptionPolicy, preemptionPolicy ?? null, 'preemptionPolicy', errors)
  return errors
}
