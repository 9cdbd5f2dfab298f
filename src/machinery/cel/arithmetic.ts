/** `+`, `-`, `*`, `/`, `%` and negation, within 64 bits. After cel-go common/types v0.26. */

import { maxTimestamp, minTimestamp } from './time-values.ts'
import { noSuchOverload } from './value-types.ts'
import { Bytes, CelList, type CelValue, Duration, Failure, Timestamp, Unsigned } from './values.ts'

const intOverflow = new Failure('integer overflow')
const uintOverflow = new Failure('unsigned integer overflow')
const timestampOverflow = new Failure('timestamp overflow')
const divisionByZero = new Failure('division by zero')
const modulusByZero = new Failure('modulus by zero')

export function add(left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') return int(left + right)
  if (typeof left === 'string' && typeof right === 'string') return left + right
  if (typeof left === 'number' && typeof right === 'number') return left + right
  if (left instanceof CelList && right instanceof CelList) return left.concat(right)
  if (left instanceof Unsigned && right instanceof Unsigned) return uint(left.value + right.value)
  if (left instanceof Bytes && right instanceof Bytes) return new Bytes(Buffer.concat([left.bytes, right.bytes]))
  return addTimes(left, right) ?? unsupported('_+_', left, right)
}

function addTimes(left: CelValue, right: CelValue): CelValue | undefined {
  if (left instanceof Duration && right instanceof Duration) return duration(left.nanos + right.nanos)
  if (left instanceof Duration && right instanceof Timestamp) return timestamp(left.nanos + right.nanos)
  if (left instanceof Timestamp && right instanceof Duration) return timestamp(left.nanos + right.nanos)
  return undefined
}

export function subtract(left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') return int(left - right)
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (left instanceof Unsigned && right instanceof Unsigned) return uint(left.value - right.value)
  if (left instanceof Duration && right instanceof Duration) return duration(left.nanos - right.nanos)
  if (left instanceof Timestamp && right instanceof Duration) return timestamp(left.nanos - right.nanos)
  if (left instanceof Timestamp && right instanceof Timestamp) return duration(left.nanos - right.nanos)
  return unsupported('_-_', left, right)
}

export function multiply(left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') return int(left * right)
  if (typeof left === 'number' && typeof right === 'number') return left * right
  if (left instanceof Unsigned && right instanceof Unsigned) return uint(left.value * right.value)
  return unsupported('_*_', left, right)
}

export function divide(left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') return right === 0n ? divisionByZero : int(left / right)
  if (typeof left === 'number' && typeof right === 'number') return left / right
  if (left instanceof Unsigned && right instanceof Unsigned) {
    return right.value === 0n ? divisionByZero : uint(left.value / right.value)
  }
  return unsupported('_/_', left, right)
}

export function modulo(left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    if (right === 0n) return modulusByZero
    return left === -(2n ** 63n) && right === -1n ? intOverflow : left % right
  }
  if (left instanceof Unsigned && right instanceof Unsigned) {
    return right.value === 0n ? modulusByZero : uint(left.value % right.value)
  }
  return unsupported('_%_', left, right)
}

export function negate(value: CelValue): CelValue {
  if (typeof value === 'bigint') return int(-value)
  if (typeof value === 'number') return -value
  if (value instanceof Duration) return duration(-value.nanos)
  return unsupported('-_', value, null)
}

/** Kinds that know the operator refuse what they meet; of others the operator itself is unknown. */
const knows: Readonly<Record<string, (value: CelValue) => boolean>> = {
  '_+_': (value) => isArithmetic(value) || isTime(value) || typeof value === 'string' || isSequence(value),
  '_-_': (value) => isArithmetic(value) || isTime(value),
  '_*_': isArithmetic,
  '_/_': isArithmetic,
  '_%_': (value) => typeof value === 'bigint' || value instanceof Unsigned,
  '-_': (value) => typeof value === 'boolean',
}

function unsupported(operator: string, left: CelValue, right: CelValue): Failure {
  if (!knows[operator]!(left)) return new Failure(`no such overload: ${operator}`)
  return right instanceof Failure ? right : noSuchOverload
}

function isArithmetic(value: CelValue): boolean {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Unsigned
}

function isTime(value: CelValue): boolean {
  return value instanceof Duration || value instanceof Timestamp
}

function isSequence(value: CelValue): boolean {
  return value instanceof CelList || value instanceof Bytes
}

function int(value: bigint): CelValue {
  return BigInt.asIntN(64, value) === value ? value : intOverflow
}

function uint(value: bigint): CelValue {
  return BigInt.asUintN(64, value) === value ? new Unsigned(value) : uintOverflow
}

function duration(nanos: bigint): CelValue {
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : intOverflow
}

function timestamp(nanos: bigint): CelValue {
  return nanos >= minTimestamp && nanos <= maxTimestamp ? new Timestamp(nanos) : timestampOverflow
}
