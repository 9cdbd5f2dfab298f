/** Equality and order of values. After cel-go common/types v0.26: numbers of different types compare as numbers. */

import { noSuchOverload } from './value-types.ts'
import {
  Bytes,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  Failure,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Unsigned,
} from './values.ts'

/** `==`: values of different kinds are unequal, never a failure, but for lists and maps that cannot tell. */
export function areEqual(left: CelValue, right: CelValue): boolean | Failure {
  if (left instanceof Failure) return left
  if (right instanceof Failure) return right
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0
  if (left === right) return true
  if (left instanceof CelList && right instanceof CelList) return left.equals(right) ?? listsAreEqual(left, right)
  if (left instanceof CelMap && right instanceof CelMap) return left.equals(right) ?? mapsAreEqual(left, right)
  if (left instanceof Opaque) return left.equals(right)
  if (left instanceof Optional && right instanceof Optional) return optionalsAreEqual(left, right)
  return scalarsAreEqual(left, right)
}

function scalarsAreEqual(left: CelValue, right: CelValue): boolean {
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos
  if (left instanceof TypeValue) return right instanceof TypeValue && left.type.name === right.type.name
  if (left instanceof Bytes) return right instanceof Bytes && Buffer.compare(left.bytes, right.bytes) === 0
  return false
}

function listsAreEqual(left: CelList, right: CelList): boolean | Failure {
  if (left.size !== right.size) return false
  for (let index = 0; index < left.size; index++) {
    if (areEqual(left.at(index), right.at(index)) === false) return false
  }
  return true
}

function mapsAreEqual(left: CelMap, right: CelMap): boolean | Failure {
  if (left.size !== right.size || left.constructedType?.name !== right.constructedType?.name) return false
  for (const key of left.keys()) {
    const other = right.find(key)
    if (other === undefined || areEqual(left.find(key)!, other) === false) return false
  }
  return true
}

function optionalsAreEqual(left: Optional, right: Optional): boolean | Failure {
  if (left.value === undefined || right.value === undefined) return left.value === right.value
  return areEqual(left.value, right.value)
}

/** Whether an element of the list equals the value. */
export function includes(list: CelList, value: CelValue): boolean {
  for (let index = 0; index < list.size; index++) if (areEqual(list.at(index), value) === true) return true
  return false
}

/** Negative, zero or positive. Failure where the two have no order. */
export function compare(left: CelValue, right: CelValue): number | Failure {
  if (isNumber(left) && isNumber(right)) {
    return compareNumbers(left, right) ?? new Failure('NaN values cannot be ordered')
  }
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (left instanceof Timestamp && right instanceof Timestamp) return order(left.nanos, right.nanos)
  if (left instanceof Duration && right instanceof Duration) return order(left.nanos, right.nanos)
  if (left instanceof Bytes && right instanceof Bytes) return Buffer.compare(left.bytes, right.bytes)
  return right instanceof Failure ? right : noSuchOverload
}

/** Whether values of this kind have an order at all. */
export function isOrdered(value: CelValue): boolean {
  return (
    isNumber(value) ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    value instanceof Timestamp ||
    value instanceof Duration ||
    value instanceof Bytes
  )
}

type NumberValue = bigint | number | Unsigned

export function isNumber(value: CelValue): value is NumberValue {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Unsigned
}

/** Undefined where one is not a number. */
function compareNumbers(left: NumberValue, right: NumberValue): number | undefined {
  const [first, second] = [plain(left), plain(right)]
  if (Number.isNaN(first) || Number.isNaN(second)) return undefined
  if (typeof first === typeof second) return order(first, second)
  // As upstream, an integer meets a double as a double; only past 64 bits does the exact value count.
  return order(Number(first), Number(second))
}

function plain(value: NumberValue): bigint | number {
  return value instanceof Unsigned ? value.value : value
}

function order<T>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** By code points, as Go compares UTF-8; JavaScript's own order differs past U+FFFF. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const [first, second] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (first === second) continue
    return isSurrogate(first) === isSurrogate(second) ? first - second : isSurrogate(first) ? 1 : -1
  }
  return left.length - right.length
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}
