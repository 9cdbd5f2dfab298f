/** JSON as values, by the types declared for it. After apiserver pkg/cel/common/valuesunstructured.go v1.36. */

import { isDeepStrictEqual } from 'node:util'
import { areEqual } from './comparison.ts'
import { escapeProperty } from './escaping.ts'
import { parseDate, parseDuration, parseTimestamp } from './time-values.ts'
import { type CelField, type CelType, dynType } from './types.ts'
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
  ValueList,
} from './values.ts'

const valueClasses = [
  ...[CelList, CelMap, Unsigned, Timestamp, Duration, Bytes, Optional, TypeValue, Opaque, Failure],
] as const

/** JSON of the declared type; what is a CEL value already stays as it is. Objects and lists convert as they are read. */
export function fromJson(json: unknown, type: CelType = dynType): CelValue {
  switch (typeof json) {
    case 'boolean':
    case 'bigint':
      return json
    case 'number':
      return fromNumber(json, type)
    case 'string':
      return fromString(json, type)
    case 'object':
      return fromObject(json, type)
    case 'undefined':
      return null
    default:
      return new Failure(`unsupported conversion to ref.Val: (${typeof json})`)
  }
}

function fromNumber(json: number, type: CelType): CelValue {
  if (type.kind === 'double') return json
  if (Number.isInteger(json) && Math.abs(json) < 2 ** 63) return BigInt(json)
  return type.kind === 'int' ? new Failure('invalid data, expected int, got float64') : json
}

function fromString(json: string, type: CelType): CelValue {
  switch (type.kind) {
    case 'timestamp':
      return parseTimestamp(json) ?? parseDate(json) ?? new Failure(`Invalid date-time formatted string ${json}`)
    case 'duration':
      return parseDuration(json) ?? new Failure(`Invalid duration ${json}`)
    case 'bytes':
      return new Bytes(Buffer.from(json, 'base64'))
    default:
      return json
  }
}

function fromObject(json: object | null, type: CelType): CelValue {
  if (json === null) return null
  if (Array.isArray(json)) return new JsonList(json, type)
  if (valueClasses.some((valueClass) => json instanceof valueClass)) return json as CelValue
  const object = json as Readonly<Record<string, unknown>>
  return type.field === undefined ? new JsonMap(object, type) : new JsonObject(object, type.field)
}

class JsonList extends CelList {
  readonly json: readonly unknown[]
  readonly type: CelType
  readonly #elementType: CelType

  constructor(json: readonly unknown[], type: CelType) {
    super()
    this.json = json
    this.type = type
    this.#elementType = type.kind === 'list' ? type.parameters[0]! : dynType
  }

  get size(): number {
    return this.json.length
  }

  at(index: number): CelValue {
    return fromJson(this.json[index], this.#elementType)
  }

  concat(other: CelList): CelList {
    const elements = [...elementsOf(this)]
    if (this.type.listType === undefined) return new ValueList(elements).concat(other)
    for (const element of elementsOf(other)) {
      const place = elements.findIndex((own) => this.#isSameEntry(own, element))
      if (place < 0) elements.push(element)
      else if (this.type.listType === 'map') elements[place] = element
    }
    return new JsonList(elements, this.type)
  }

  /** Lists of type set or map compare whatever the order is. */
  override equals(other: CelList): boolean | Failure | undefined {
    if (this.type.listType === undefined) return undefined
    if (this.size !== other.size) return false
    const own = [...elementsOf(this)]
    return [...elementsOf(other)].every((element) => own.some((candidate) => areEqual(candidate, element) === true))
  }

  #isSameEntry(left: CelValue, right: CelValue): boolean {
    if (this.type.listType === 'set') return areEqual(left, right) === true
    if (!(left instanceof CelMap) || !(right instanceof CelMap)) return false
    const keys = this.type.mapKeys ?? []
    return keys.every((key) => areEqual(propertyOf(left, key), propertyOf(right, key)) === true)
  }
}

function propertyOf(map: CelMap, jsonName: string): CelValue {
  return map.find(escapeProperty(jsonName) ?? jsonName) ?? null
}

export function* elementsOf(list: CelList): Iterable<CelValue> {
  for (let index = 0; index < list.size; index++) yield list.at(index)
}

/** An object without declared fields: any property may be asked for. */
class JsonMap extends CelMap {
  readonly json: Readonly<Record<string, unknown>>
  readonly #type: CelType

  constructor(json: Readonly<Record<string, unknown>>, type: CelType) {
    super()
    this.json = json
    this.#type = type
  }

  get size(): number {
    return Object.keys(this.json).length
  }

  find(key: CelValue): CelValue | undefined {
    const valueType = this.#type.kind === 'map' ? this.#type.parameters[1]! : dynType
    if (typeof key !== 'string') return this.#type.kind === 'map' ? noSuchOverload : undefined
    return Object.hasOwn(this.json, key) ? fromJson(this.json[key], valueType) : undefined
  }

  keys(): Iterable<CelValue> {
    return Object.keys(this.json)
  }
}

/** An object with declared fields: properties that are not declared count in its size, but cannot be asked for. */
class JsonObject extends CelMap {
  readonly json: Readonly<Record<string, unknown>>
  readonly #field: (name: string) => CelField | undefined

  constructor(json: Readonly<Record<string, unknown>>, field: (name: string) => CelField | undefined) {
    super()
    this.json = json
    this.#field = field
  }

  get size(): number {
    return Object.keys(this.json).length
  }

  find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return noSuchOverload
    const field = this.#field(key)
    if (field === undefined) return undefined
    const jsonName = field.jsonName ?? key
    const json = Object.hasOwn(this.json, jsonName) ? this.json[jsonName] : undefined
    // A null in place of a declared field means that it is absent.
    return json === undefined || json === null ? undefined : fromJson(json, field.type)
  }

  *keys(): Iterable<CelValue> {
    for (const name of Object.keys(this.json)) {
      const identifier = escapeProperty(name) ?? name
      if (this.#field(identifier) !== undefined) yield identifier
    }
  }

  override equals(other: CelMap): boolean | Failure | undefined {
    if (!(other instanceof JsonObject) || this.size !== other.size) return undefined
    for (const name of Object.keys(this.json)) {
      const identifier = escapeProperty(name) ?? name
      const same =
        this.#field(identifier) === undefined
          ? !Object.hasOwn(other.json, name) || isDeepStrictEqual(this.json[name], other.json[name])
          : areEqualIfPresent(this.find(identifier), other.find(identifier))
      if (same !== true) return same
    }
    return true
  }
}

function areEqualIfPresent(left: CelValue | undefined, right: CelValue | undefined): boolean | Failure {
  if (left === undefined || right === undefined) return left === right
  return areEqual(left, right)
}
