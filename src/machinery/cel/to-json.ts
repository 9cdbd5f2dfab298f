/** Values as JSON, for what expressions produce: messages, variables, patches and applied objects. */

import { ConstructedObject } from './constructed-object.ts'
import { CelRuntimeError } from './evaluation.ts'
import { elementsOf } from './json-values.ts'
import { formatDuration, formatTimestamp } from './time-values.ts'
import { Bytes, CelList, CelMap, type CelValue, Duration, Optional, Timestamp, Unsigned } from './values.ts'

/** Throws CelRuntimeError for values that JSON has no form for, such as types and authorizers. */
export function toJson(value: CelValue): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'number':
      return value
    case 'bigint':
      return Number(value)
    default:
      return value === null ? null : objectToJson(value)
  }
}

function objectToJson(value: Exclude<CelValue, string | boolean | number | bigint | null>): unknown {
  if (value instanceof CelList) return Array.from(elementsOf(value), toJson)
  if (value instanceof ConstructedObject || value instanceof CelMap) return mapToJson(value)
  if (value instanceof Unsigned) return Number(value.value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof Bytes) return Buffer.from(value.bytes).toString('base64')
  if (value instanceof Optional && value.value !== undefined) return toJson(value.value)
  throw new CelRuntimeError('unsupported conversion of a CEL value to JSON')
}

function mapToJson(map: CelMap): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new CelRuntimeError('map keys of JSON must be strings')
    json[key] = toJson(map.find(key) ?? null)
  }
  return json
}
