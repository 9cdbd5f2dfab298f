/** Values as Go's %v shows them in messages. */

import { doubleText } from './conversion.ts'
import { formatDuration, formatTimestamp } from './time-values.ts'
import {
  Bytes,
  CelList,
  type CelMap,
  type CelValue,
  Duration,
  Failure,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Unsigned,
} from './values.ts'

export function formatValue(value: CelValue): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'number':
      return doubleText(value)
    default:
      return value === null ? 'null' : formatObject(value)
  }
}

function formatObject(value: Exclude<CelValue, string | bigint | number | boolean | null>): string {
  if (value instanceof Unsigned) return String(value.value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof Bytes) return Buffer.from(value.bytes).toString('utf8')
  if (value instanceof TypeValue) return value.type.name
  if (value instanceof Failure) return value.message
  if (value instanceof Opaque) return value.toString()
  if (value instanceof Optional)
    return value.value === undefined ? 'optional.none()' : `optional(${formatValue(value.value)})`
  if (value instanceof CelList) return `[${formatElements(value).join(', ')}]`
  return `{${formatEntries(value).join(', ')}}`
}

function formatElements(list: CelList): string[] {
  return Array.from({ length: list.size }, (_, index) => formatValue(list.at(index)))
}

function formatEntries(map: CelMap): string[] {
  return [...map.keys()].map((key) => `${formatValue(key)}: ${formatValue(map.find(key) ?? null)}`)
}
