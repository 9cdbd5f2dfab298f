import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts'
import type { LimitRange, LimitRangeItem } from '../types/core/v1.ts'
import { checkForm } from './checks.ts'
import { checkContainerResourceName, checkResourceName, mayOvercommit } from './resources.ts'

/** After pkg/apis/core/validation ValidateLimitRange v1.36. */

type Item = DeepReadonly<Partial<LimitRangeItem>>

const limitTypes = ['Container', 'PersistentVolumeClaim', 'Pod']

export function validateLimitRange({ spec }: DeepReadonly<LimitRange>): FieldError[] {
  const errors: FieldError[] = []
  const types = new Set<string>()
  spec?.limits?.forEach((item: Item, index) => {
    const { type = '' } = item
    const path = `spec.limits[${index}]`
    checkType(type, `${path}.type`, errors)
    if (types.has(type)) errors.push(duplicateField(`${path}.type`, type))
    types.add(type)
    checkNames(item, path, errors)
    for (const name of namesOf(item)) checkAmounts(name, item, path, errors)
  })
  return errors
}

function checkType(type: string, path: string, errors: FieldError[]): void {
  const before = errors.length
  checkForm(labelKeyErrors, type, path, errors)
  if (errors.length > before || type.includes('/') || limitTypes.includes(type)) return
  errors.push(invalidField(path, type, 'must be a standard limit type or fully qualified'))
}

const defaults = ['default', 'defaultRequest'] as const

/** In upstream's order. Limits of whole Pods have no defaults. */
function checkNames(item: Item, path: string, errors: FieldError[]): void {
  const isOfPods = item.type === 'Pod'
  const check = isOfPods || item.type === 'Container' ? checkContainerResourceName : checkResourceName
  const checkField = (field: 'max' | 'min' | 'maxLimitRequestRatio' | (typeof defaults)[number]) => {
    for (const name in item[field]) check(name, `${path}.${field}[${name}]`, errors)
  }
  checkField('max')
  checkField('min')
  for (const field of defaults) {
    if (!isOfPods) checkField(field)
    else if (Object.keys(item[field] ?? {}).length > 0) {
      errors.push(forbiddenField(`${path}.${field}`, "may not be specified when `type` is 'Pod'"))
    }
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(requiredField(`${path}.limits`, why))
  }
  checkField('maxLimitRequestRatio')
}

function namesOf({ type, max, min, default: limit, defaultRequest, maxLimitRequestRatio }: Item): Set<string> {
  const own = type === 'Pod' ? {} : { ...limit, ...defaultRequest }
  return new Set(Object.keys({ ...max, ...min, ...own, ...maxLimitRequestRatio }))
}

interface Amounts {
  readonly min?: Quantity | undefined
  readonly max?: Quantity | undefined
  readonly limit?: Quantity | undefined
  readonly request?: Quantity | undefined
  readonly ratio?: Quantity | undefined
}

function amountsOf(name: string, item: Item): Amounts {
  const read = (map: Readonly<Record<string, string>> | undefined) => {
    const text = map?.[name]
    return text === undefined ? undefined : parseQuantity(text)
  }
  const isOfPods = item.type === 'Pod'
  return {
    min: read(item.min),
    max: read(item.max),
    limit: isOfPods ? undefined : read(item.default),
    request: isOfPods ? undefined : read(item.defaultRequest),
    ratio: read(item.maxLimitRequestRatio),
  }
}

/** The amounts of one resource must fit each other. */
function checkAmounts(name: string, item: Item, path: string, errors: FieldError[]): void {
  const { min, max, limit, request, ratio } = amountsOf(name, item)
  const wrong = (field: string, shown: Quantity, why: string) =>
    errors.push(invalidField(`${path}.${field}[${name}]`, shown.toString(), why))
  const exceeds = (a: Quantity | undefined, b: Quantity | undefined) => a && b && a.compare(b) > 0
  if (exceeds(min, max)) wrong('min', min!, `min value ${min} is greater than max value ${max}`)
  if (exceeds(min, request)) {
    wrong('defaultRequest', request!, `min value ${min} is greater than default request value ${request}`)
  }
  if (exceeds(request, max)) {
    wrong('defaultRequest', request!, `default request value ${request} is greater than max value ${max}`)
  }
  if (exceeds(request, limit)) {
    wrong('defaultRequest', request!, `default request value ${request} is greater than default limit value ${limit}`)
  }
  if (exceeds(min, limit)) wrong('default', min!, `min value ${min} is greater than default value ${limit}`)
  if (exceeds(limit, max)) wrong('default', max!, `default value ${limit} is greater than max value ${max}`)
  if (ratio) for (const why of ratioErrors(ratio, min, max)) wrong('maxLimitRequestRatio', ratio, why)
  if (limit && request && !mayOvercommit(name) && limit.compare(request) !== 0) {
    wrong('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`)
  }
}

function ratioErrors(ratio: Quantity, min: Quantity | undefined, max: Quantity | undefined): string[] {
  const errors = ratio.compare(quantityOf(1)) < 0 ? [`ratio ${ratio} is less than 1`] : []
  if (!min || !max) return errors
  const most = Number(max.milli()) / Number(min.milli())
  if (Number(ratio.milli()) / 1_000 <= most || Number.isNaN(most)) return errors
  return [...errors, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`]
}
