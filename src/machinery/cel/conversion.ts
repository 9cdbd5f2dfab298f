/** `int()`, `string()` and the other conversions. After cel-go common/types v0.26. */

import {
  decimalText,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  unixSeconds,
} from './time-values.ts'
import { typeOfValue } from './value-types.ts'
import { Bytes, type CelValue, Duration, Failure, Timestamp, Unsigned } from './values.ts'

const intOverflow = new Failure('integer overflow')
const uintOverflow = new Failure('unsigned integer overflow')
const timestampOverflow = new Failure('timestamp overflow')

const minUnixSeconds = -62_135_596_800n
const maxUnixSeconds = 253_402_300_799n

export type ConversionTarget = 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'bool' | 'duration' | 'timestamp'

/** Failure where the value cannot become one, or is out of range. */
export function convert(value: CelValue, target: ConversionTarget): CelValue {
  return converters[target](value) ?? failedConversion(value, target)
}

const names: Readonly<Partial<Record<ConversionTarget, string>>> = {
  duration: 'google.protobuf.Duration',
  timestamp: 'google.protobuf.Timestamp',
}

function failedConversion(value: CelValue, target: ConversionTarget): Failure {
  return new Failure(`type conversion error from '${typeOfValue(value).name}' to '${names[target] ?? target}'`)
}

const converters: Readonly<Record<ConversionTarget, (value: CelValue) => CelValue | undefined>> = {
  int: toInt,
  uint: toUint,
  double: toDouble,
  string: toText,
  bytes: toBytes,
  bool: toBool,
  duration: toDuration,
  timestamp: toTimestamp,
}

function toInt(value: CelValue): CelValue | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : intOverflow
  if (value instanceof Unsigned) return BigInt.asIntN(64, value.value) === value.value ? value.value : intOverflow
  if (value instanceof Timestamp) return unixSeconds(value)
  if (value instanceof Duration) return value.nanos
  if (typeof value !== 'string' || !/^[+-]?[0-9]+$/.test(value)) return undefined
  const parsed = value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value.replace('+', ''))
  return BigInt.asIntN(64, parsed) === parsed ? parsed : undefined
}

function toUint(value: CelValue): CelValue | undefined {
  if (value instanceof Unsigned) return value
  if (typeof value === 'bigint') return value < 0n ? uintOverflow : new Unsigned(value)
  if (typeof value === 'number')
    return value >= 0 && value < 2 ** 64 ? new Unsigned(BigInt(Math.trunc(value))) : uintOverflow
  if (typeof value !== 'string' || !/^[0-9]+$/.test(value)) return undefined
  const parsed = BigInt(value)
  return BigInt.asUintN(64, parsed) === parsed ? new Unsigned(parsed) : undefined
}

function toDouble(value: CelValue): CelValue | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Unsigned) return Number(value.value)
  return typeof value === 'string' ? parseDouble(value) : undefined
}

const specialDoubles = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
])

/** As Go's ParseFloat, without the hexadecimal form. Out of range is no number. */
function parseDouble(text: string): number | undefined {
  const unsigned = text.replace(/^[+-]/, '')
  const special = specialDoubles.get(unsigned.toLowerCase())
  if (special !== undefined) return text.startsWith('-') ? -special : special
  if (!/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(unsigned)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

function toText(value: CelValue): CelValue | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'number':
      return doubleText(value)
  }
  if (value instanceof Unsigned) return String(value.value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  return value instanceof Bytes ? textOf(value) : undefined
}

function textOf({ bytes }: Bytes): CelValue {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (err) {
    if (!(err instanceof TypeError)) throw err
    return new Failure('invalid UTF-8 in bytes, cannot convert to string')
  }
}

/** Go's %g with the fewest digits: an exponent of two digits below 1e-4 and from 1e21 on. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const magnitude = Math.abs(value)
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e21)) return decimalText(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

function toBytes(value: CelValue): CelValue | undefined {
  if (value instanceof Bytes) return value
  return typeof value === 'string' ? new Bytes(Buffer.from(value)) : undefined
}

const booleans = new Map<string, boolean>([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
])

function toBool(value: CelValue): CelValue | undefined {
  return typeof value === 'string' ? booleans.get(value) : typeof value === 'boolean' ? value : undefined
}

function toDuration(value: CelValue): CelValue | undefined {
  if (value instanceof Duration) return value
  return typeof value === 'string' ? parseDuration(value) : undefined
}

function toTimestamp(value: CelValue): CelValue | undefined {
  if (value instanceof Timestamp) return value
  if (typeof value === 'string') return parseTimestamp(value)
  if (typeof value !== 'bigint') return undefined
  if (value < minUnixSeconds || value > maxUnixSeconds) return timestampOverflow
  return new Timestamp(value * 1_000_000_000n)
}
