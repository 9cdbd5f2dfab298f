import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'

/** Cron schedules and time zones of CronJobs. After pkg/apis/batch/validation and robfig/cron's parser. */

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const weekdays = 'sun mon tue wed thu fri sat'.split(' ')

const fieldBounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
]

const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']
const goDuration = /^[-+]?([0-9]*(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$/

/** Why a schedule cannot be read; `undefined` when it can. */
export function scheduleError(schedule: string): string | undefined {
  if (schedule.startsWith('@')) return descriptorError(schedule)
  const fields = schedule.split(/\s+/).filter((field) => field !== '')
  if (fields.length !== fieldBounds.length) {
    return `expected exactly ${fieldBounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`
  }
  return fields.map((field, index) => fieldError(field, fieldBounds[index]!)).find((why) => why !== undefined)
}

function descriptorError(descriptor: string): string | undefined {
  if (descriptors.includes(descriptor)) return undefined
  const every = '@every '
  if (!descriptor.startsWith(every)) return `unrecognized descriptor: ${descriptor}`
  const duration = descriptor.slice(every.length)
  if (goDuration.test(duration)) return undefined
  return `failed to parse duration ${descriptor}: time: invalid duration ${JSON.stringify(duration)}`
}

function fieldError(field: string, bounds: Bounds): string | undefined {
  return field
    .split(',')
    .map((range) => rangeError(range, bounds))
    .find((why) => why !== undefined)
}

function rangeError(range: string, bounds: Bounds): string | undefined {
  const [span = '', step, ...moreSteps] = range.split('/')
  const [low = '', high, ...moreEnds] = span.split('-')
  if (moreEnds.length > 0) return `too many hyphens: ${range}`
  if (moreSteps.length > 0) return `too many slashes: ${range}`
  const isAny = low === '*' || low === '?'
  const start = isAny ? bounds.min : parseNumber(low, bounds)
  if (typeof start === 'string') return start
  const end = high === undefined ? (isAny || step !== undefined ? bounds.max : start) : parseNumber(high, bounds)
  if (typeof end === 'string') return end
  const every = step === undefined ? 1 : parseNumber(step, {})
  if (typeof every === 'string') return every
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${range}`
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${range}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${range}`
  return every === 0 ? `step of range should be a positive number: ${range}` : undefined
}

/** The number, or why there is none. */
function parseNumber(text: string, { names, min = 0 }: Partial<Bounds>): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + min
  if (/^\+?\d+$/.test(text)) return Number(text)
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}

export interface ScheduleRules {
  /** A CronJob from before may keep a zone within its schedule. */
  readonly allowZone: boolean
  readonly timeZone: string | undefined
}

export function checkSchedule(schedule: string, rules: ScheduleRules, path: string, errors: FieldError[]): void {
  const why = scheduleError(withoutZone(schedule))
  if (why !== undefined) errors.push(invalidField(path, schedule, why))
  if (!schedule.includes('TZ')) return
  if (!rules.allowZone) {
    const useField = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    errors.push(invalidField(path, schedule, useField))
  } else if (rules.timeZone !== undefined) {
    errors.push(invalidField(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
  }
}

/** `TZ=UTC 0 * * * *` is a zone and a schedule. */
function withoutZone(schedule: string): string {
  return schedule.replace(/^(CRON_)?TZ=\S* /, '').trim()
}

const zonePart = /^[A-Za-z._0-9+-]{1,14}$/

export function checkTimeZone(zone: string | undefined, path: string, errors: FieldError[]): void {
  if (zone === undefined) return
  const wrong = (why: string) => errors.push(invalidField(path, zone, why))
  const isMisplaced = (part: string) => part === '.' || part === '..' || part.startsWith('-') || !zonePart.test(part)
  if (zone === '') wrong('timeZone must be nil or non-empty string')
  else if (zone.split('/').some(isMisplaced)) wrong(`unknown time zone ${zone}`)
  else if (zone.toLowerCase() === 'local') {
    wrong('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')
    if (zone !== 'Local') wrong(`unknown time zone ${zone}`)
  } else if (!isKnownZone(zone)) wrong(`unknown time zone ${zone}`)
}

function isKnownZone(zone: string): boolean {
  // Offsets such as -01:00 are zones to Intl, but not in the IANA data base.
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
