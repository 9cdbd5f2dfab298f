/** The types of values while an expression runs. Parameters are gone then: every list is a `list`. */

import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  optionalType,
  stringType,
  timestampType,
  typeType,
  uintType,
} from './types.ts'
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

const anyList = listType(dynType)
const anyMap = mapType(dynType, dynType)
const anyOptional = optionalType(dynType)

export function typeOfValue(value: CelValue): CelType {
  switch (typeof value) {
    case 'string':
      return stringType
    case 'bigint':
      return intType
    case 'number':
      return doubleType
    case 'boolean':
      return boolType
    default:
      return value === null ? nullType : typeOfObject(value)
  }
}

type ObjectValue = Exclude<CelValue, string | bigint | number | boolean | null>

function typeOfObject(value: ObjectValue): CelType {
  if (value instanceof CelList) return anyList
  if (value instanceof CelMap) return value.constructedType ?? anyMap
  if (value instanceof Unsigned) return uintType
  if (value instanceof Timestamp) return timestampType
  if (value instanceof Duration) return durationType
  if (value instanceof Bytes) return bytesType
  if (value instanceof Optional) return anyOptional
  if (value instanceof TypeValue) return typeType
  if (value instanceof Opaque) return value.type
  return { kind: 'error', name: 'error', parameters: [] }
}

/** Whether an overload that declares `type` takes the value. Of lists and maps the first element tells. */
export function isRuntimeAssignable(type: CelType, value: CelValue): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'any':
    case 'parameter':
      return true
    case 'list':
      return value instanceof CelList && (value.size === 0 || isRuntimeAssignable(type.parameters[0]!, value.at(0)))
    case 'map':
      return value instanceof CelMap && value.constructedType === undefined && firstEntryFits(type, value)
    case 'object':
      if (value instanceof Opaque) return value.type.name === type.name
      return (
        value instanceof CelMap && (value.constructedType === undefined || value.constructedType.name === type.name)
      )
    default:
      return typeOfValue(value).name === type.name
  }
}

function firstEntryFits(type: CelType, map: CelMap): boolean {
  for (const key of map.keys()) {
    const value = map.find(key)
    return isRuntimeAssignable(type.parameters[0]!, key) && isRuntimeAssignable(type.parameters[1]!, value ?? null)
  }
  return true
}

export const noSuchOverload = new Failure('no such overload')

/** The failure of a call whose values fit no overload, or the first failure among the values. */
export function noSuchOverloadOf(name: string, values: readonly CelValue[]): Failure {
  const failed = values.find((value) => value instanceof Failure)
  if (failed !== undefined) return failed
  return new Failure(`no such overload: ${name}(${values.map((value) => typeOfValue(value).name).join(', ')})`)
}
