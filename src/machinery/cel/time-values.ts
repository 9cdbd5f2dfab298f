/** Timestamps and durations as text, and the parts of a timestamp in a time zone. After Go's time package 1.25. */

import { Duration, Failure, Timestamp } from './values.ts'

const nanosPerSecond = 1_000_000_000n

/** From year 1 to the end of year 9999. */
export const minTimestamp = -62_135_596_800n * nanosPerSecond
export const maxTimestamp = 253_402_300_800n * nanosPerSecond - 1n

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

/** Undefined where the text is no time of RFC 3339. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = rfc3339.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = dateOf(year, month, day)
  if (date === undefined) return undefined
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)
  if (Number(match[9] ?? 0) > 24 || Number(match[10] ?? 0) > 59) return undefined
  const local = BigInt(date / 1000) + BigInt(hour * 3600 + minute * 60 + second)
  const seconds = local - BigInt(offsetMinutes * 60 * (match[8] === '-' ? -1 : 1))
  const nanos = BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'))
  return new Timestamp(seconds * nanosPerSecond + nanos)
}

/** A date alone, `2006-01-02`, at midnight UTC. */
export function parseDate(text: string): Timestamp | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  const ms = match === null ? undefined : dateOf(Number(match[1]), Number(match[2]), Number(match[3]))
  return ms === undefined ? undefined : new Timestamp(BigInt(ms) * 1_000_000n)
}

/** Midnight UTC in milliseconds; undefined for a day that does not exist. */
function dateOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

/** RFC 3339 in UTC with as many digits as needed. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const { seconds, rest } = split(nanos)
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`
  return `${text}${fraction}Z`
}

/** Whole seconds rounded down, and the nanoseconds past them. */
function split(nanos: bigint): { seconds: bigint; rest: bigint } {
  const rest = ((nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond
  return { seconds: (nanos - rest) / nanosPerSecond, rest }
}

export function unixSeconds({ nanos }: Timestamp): bigint {
  return split(nanos).seconds
}

const durationUnits = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', nanosPerSecond],
  ['m', 60n * nanosPerSecond],
  ['h', 3600n * nanosPerSecond],
])

/** Go's form, such as `1h30m` or `-1.5s`. Undefined where it is not, or past 64 bits. */
export function parseDuration(text: string): Duration | undefined {
  const sign = /^[+-]/.test(text) ? text[0] : ''
  const body = sign === '' ? text : text.slice(1)
  if (body === '0') return new Duration(0n)
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined
  let total = 0n
  for (const [, whole, fraction = '', unit] of body.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = durationUnits.get(unit!)!
    total += BigInt(whole === '' ? 0 : whole!) * scale
    if (fraction !== '') total += (BigInt(fraction.slice(0, 18)) * scale) / 10n ** BigInt(fraction.slice(0, 18).length)
  }
  const nanos = sign === '-' ? -total : total
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : undefined
}

/** Seconds with as many digits as needed: `90s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  return `${decimalText(Number(nanos / nanosPerSecond) + Number(nanos % nanosPerSecond) / 1e9)}s`
}

/** A double without an exponent, as Go's %f with the fewest digits. */
export function decimalText(value: number): string {
  const text = String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, first, fraction = '', exponentText] = match
  const exponent = Number(exponentText)
  const digits = first! + fraction
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return sign + digits.padEnd(exponent + 1, '0')
}

export interface DateParts {
  readonly year: number
  /** From 0. */
  readonly month: number
  /** From 1. */
  readonly day: number
  /** From 0. */
  readonly dayOfYear: number
  /** From Sunday, 0. */
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
}

/** `zone` is an IANA name or an offset such as `-08:00`. */
export function datePartsIn(timestamp: Timestamp, zone: string): DateParts | Failure {
  const offset = zone.includes(':') ? fixedOffsetSeconds(zone) : namedOffsetSeconds(timestamp, zone)
  if (offset instanceof Failure) return offset
  const { seconds, rest } = split(timestamp.nanos)
  const local = new Date((Number(seconds) + offset) * 1000)
  const year = local.getUTCFullYear()
  const yearStart = new Date(0)
  yearStart.setUTCFullYear(year, 0, 1)
  return {
    year,
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    dayOfYear: Math.floor((local.getTime() - yearStart.getTime()) / 86_400_000),
    weekday: local.getUTCDay(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    millisecond: Number(rest / 1_000_000n),
  }
}

function fixedOffsetSeconds(zone: string): number | Failure {
  const colon = zone.indexOf(':')
  const hours = atoi(zone.slice(0, colon))
  const minutes = atoi(zone.slice(colon + 1))
  if (hours instanceof Failure) return hours
  if (minutes instanceof Failure) return minutes
  return (hours * 60 + (zone.startsWith('-') ? -minutes : minutes)) * 60
}

function atoi(text: string): number | Failure {
  if (/^[+-]?\d{1,9}$/.test(text)) return Number(text)
  return new Failure(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function namedOffsetSeconds(timestamp: Timestamp, zone: string): number | Failure {
  if (zone === '' || zone === 'UTC') return 0
  const seconds = Number(unixSeconds(timestamp))
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
      era: 'short',
    })
    const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]))
    const local = new Date(0)
    local.setUTCFullYear(parts.get('year')!, parts.get('month')! - 1, parts.get('day')!)
    local.setUTCHours(parts.get('hour')!, parts.get('minute')!, parts.get('second')!)
    return local.getTime() / 1000 - seconds
  } catch (err) {
    if (!(err instanceof RangeError)) throw err
    return new Failure(`unknown time zone ${zone}`)
  }
}
