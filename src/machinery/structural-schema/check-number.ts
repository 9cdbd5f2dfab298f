import { formatFloat } from '../format-number.ts'
import { type Failure, type Findings, generalFailure, invalidFailure } from './failures.ts'
import { fitsFormat, isInteger, isNearInteger } from './numbers.ts'
import type { StructuralSchema } from './structural-schema.ts'

/** What the schema asks of a number. After kube-openapi validate validator.go numberValidator. */
export function checkNumber(value: number | bigint, schema: StructuralSchema, where: string, findings: Findings): void {
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema.checks
  const range = rangeOf(schema)
  const refuse = (number: number | bigint, prefix: string) => {
    const failure = rangeFailure(number, prefix, range, where)
    if (failure !== undefined) findings.add(failure)
    return failure !== undefined
  }
  refuse(value, 'Checked')
  if (multipleOf !== undefined) {
    const outOfRange = refuse(multipleOf, 'MultipleOf')
    addIfSet(findings, multipleFailure(value, multipleOf, { where, asFloat: outOfRange }))
  }
  if (maximum !== undefined) {
    const bound = comparable(value, maximum, refuse(maximum, 'Maximum boundary'))
    const exceeds = exclusiveMaximum ? bound.value >= bound.limit : bound.value > bound.limit
    const rule = exclusiveMaximum ? 'should be less than' : 'should be less than or equal to'
    if (exceeds) findings.add(invalidFailure(where, value, `${rule} ${bound.text}`))
  }
  if (minimum !== undefined) {
    const bound = comparable(value, minimum, refuse(minimum, 'Minimum boundary'))
    const exceeds = exclusiveMinimum ? bound.value <= bound.limit : bound.value < bound.limit
    const rule = exclusiveMinimum ? 'should be greater than' : 'should be greater than or equal to'
    if (exceeds) findings.add(invalidFailure(where, value, `${rule} ${bound.text}`))
  }
  findings.passed++
}

interface Range {
  readonly type: string
  readonly format: string | undefined
}

/** Only one type tells a range. */
function rangeOf({ types, checks }: StructuralSchema): Range {
  const type = types.length === 1 ? types[0]! : ''
  const isNumeric = type === 'integer' || type === 'number'
  return { type: isNumeric ? type : '', format: isNumeric ? checks.format : undefined }
}

function rangeFailure(value: number | bigint, prefix: string, range: Range, where: string): Failure | undefined {
  if (range.type === '' || fitsFormat(value, range.type, range.format)) return undefined
  const what = range.format === undefined ? '(default format)' : `with format ${range.format}`
  return generalFailure(`${prefix} value must be of type ${range.type} ${what} in ${where}`)
}

interface Bound {
  readonly value: number | bigint
  readonly limit: number | bigint
  /** The limit as messages show it. */
  readonly text: string
}

/** Integers are compared with the integer part of the limit, unless it does not fit the type. */
function comparable(value: number | bigint, limit: number, asFloat: boolean): Bound {
  if (asFloat || !isInteger(value)) return { value: Number(value), limit, text: formatFloat(limit) }
  const whole = BigInt(Math.trunc(limit))
  return { value, limit: whole, text: String(whole) }
}

function multipleFailure(
  value: number | bigint,
  factor: number,
  { where, asFloat }: { readonly where: string; readonly asFloat: boolean },
): Failure | undefined {
  const exact = !asFloat && isInteger(value)
  const divisor = exact ? Math.trunc(factor) : factor
  const text = exact ? String(divisor) : formatFloat(divisor)
  if (divisor <= 0) {
    const failure = invalidFailure(where, factor, '')
    const message = `factor MultipleOf declared for ${where} must be positive: ${text}`
    return { ...failure, ...generalFailure(message), path: where }
  }
  const isMultiple = exact
    ? BigInt(value) % BigInt(divisor) === 0n
    : isNearInteger(divisor < 1 ? (1 / divisor) * Number(value) : Number(value) / divisor)
  return isMultiple ? undefined : invalidFailure(where, value, `should be a multiple of ${text}`)
}

function addIfSet(findings: Findings, failure: Failure | undefined): void {
  if (failure !== undefined) findings.add(failure)
}
