import type { FieldError } from '../../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  requiredField,
  tooManyField,
} from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '../../types/resource/v1.ts'

/** How much of a shared device may be asked for. After pkg/apis/resource/validation validateRequestPolicy v1.36. */

const maxValidValues = 10

/** A device that goes to one claim only has nothing to share out. */
export function checkWholeCapacity(
  { requestPolicy }: DeepReadonly<DeviceCapacity>,
  path: string,
  errors: FieldError[],
) {
  if (requestPolicy) errors.push(forbiddenField(`${path}.requestPolicy`, 'allowMultipleAllocations must be true'))
}

export function checkSharedCapacity(
  { value, requestPolicy }: DeepReadonly<DeviceCapacity>,
  path: string,
  errors: FieldError[],
): void {
  if (!requestPolicy) return
  const at = `${path}.requestPolicy`
  if (requestPolicy.validValues?.length && requestPolicy.validRange) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
    errors.push(forbiddenField(at, why))
  } else checkPolicy(requestPolicy, parseQuantity(value), at, errors)
}

function checkPolicy(
  policy: DeepReadonly<CapacityRequestPolicy>,
  capacity: Quantity,
  path: string,
  errors: FieldError[],
): void {
  const { validValues = [], validRange } = policy
  const isListed = validValues.length > 0
  if (!isListed && !validRange) return
  if (policy.default === undefined) {
    const why = `required when ${isListed ? 'validValues' : 'validRange'} is defined`
    errors.push(requiredField(`${path}.default`, why))
    return
  }
  const bounds = { standard: parseQuantity(policy.default), capacity }
  if (isListed) checkValidValues(validValues.map(parseQuantity), bounds, `${path}.validValues`, errors)
  else checkRange(validRange!, bounds, `${path}.validRange`, errors)
}

interface Bounds {
  /** What a claim gets that asks for no amount. */
  readonly standard: Quantity
  readonly capacity: Quantity
}

function checkValidValues(
  values: readonly Quantity[],
  { standard, capacity }: Bounds,
  path: string,
  errors: FieldError[],
) {
  values.slice(1).forEach((value, index) => {
    if (values[index]!.compare(value) <= 0) return
    errors.push(invalidField(`${path}[${index + 1}]`, `${value}`, 'values must be sorted in ascending order'))
  })
  if (values.length > maxValidValues) errors.push(tooManyField(path, values.length, maxValidValues))
  else checkEachValue(values, capacity, path, errors)
  const isListed = values.length <= maxValidValues && values.some((value) => value.compare(standard) === 0)
  if (!isListed) {
    errors.push(invalidField(path, `${standard}`, 'default value is not valid according to the requestPolicy'))
  }
}

function checkEachValue(values: readonly Quantity[], capacity: Quantity, path: string, errors: FieldError[]): void {
  values.forEach((value, index) => {
    if (value.compare(capacity) <= 0) return
    errors.push(invalidField(`${path}[${index}]`, `${value}`, `option is larger than capacity value: ${capacity}`))
  })
  const units = values.map((value) => value.value())
  units.forEach((unit, index) => {
    if (units.indexOf(unit) < index) errors.push(duplicateField(`${path}[${index}]`, `${unit}`))
  })
}

function checkRange(
  range: DeepReadonly<CapacityRequestPolicyRange>,
  { standard, capacity }: Bounds,
  path: string,
  errors: FieldError[],
): void {
  if (range.min === undefined) {
    errors.push(requiredField(`${path}.min`, 'required when validRange is defined'))
    return
  }
  const refuse = (field: string, value: Quantity, why: string) =>
    errors.push(invalidField(`${path}.${field}`, `${value}`, why))
  const min = parseQuantity(range.min)
  const max = range.max === undefined ? undefined : parseQuantity(range.max)
  if (min.compare(capacity) > 0) refuse('min', min, `min is larger than capacity value: ${capacity}`)
  if (standard.compare(min) < 0) refuse('min', standard, `default is less than min: ${min}`)
  if (max && min.compare(max) > 0) refuse('max', min, `min is larger than max: ${max}`)
  if (max && max.compare(capacity) > 0) refuse('max', max, `max is larger than capacity value: ${capacity}`)
  if (max && standard.compare(max) > 0) refuse('max', standard, `default is more than max: ${max}`)
  if (range.step === undefined) return
  const step = parseQuantity(range.step)
  const one = min.add(step)
  if (one.compare(capacity) > 0) refuse('step', step, `one step ${one} is larger than capacity value: ${capacity}`)
  for (const value of max ? [standard, max] : [standard]) {
    if (isMultiple(value.value() - min.value(), step.value())) continue
    refuse('step', value, `value is not a multiple of a given step (${step}) from (${min})`)
  }
}

function isMultiple(distance: bigint, step: bigint): boolean {
  return step !== 0n && distance % step === 0n
}
