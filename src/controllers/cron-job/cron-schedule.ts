import { Cron } from 'croner'

/** When a schedule falls due. */
export interface CronSchedule {
  /** The first time after `ms`, to the second; undefined when it never comes, such as on February 31st. */
  nextMs(ms: number): number | undefined
}

/** The largest value of minute, hour, day, month and weekday. */
const largest = [59, 23, 31, 12, 6] as const
const hourField = 1
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * Reads a schedule as robfig/cron does: five fields or a descriptor, perhaps after `TZ=zone `, in UTC otherwise. Times
 * that a change of clocks skips do not come, and those that it repeats come twice. Throws what is wrong with it.
 */
export function parseSchedule(text: string, timeZone = 'UTC'): CronSchedule {
  const prefixed = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text)
  const zone = prefixed?.[1] ?? timeZone
  const schedule = (prefixed?.[2] ?? text).trim()
  const every = /^@every\s+(.*)$/.exec(schedule)
  if (every) return everySpan(spanMs(every[1] ?? ''))
  const cron = new Cron(schedule.startsWith('@') ? schedule : plainFields(schedule), { timezone: zone, paused: true })
  return { nextMs: (ms) => cron.nextRun(new Date(ms))?.getTime() }
}

/** Of whole seconds, one at least. */
function everySpan(ms: number): CronSchedule {
  const wholeMs = Math.max(1000, Math.floor(ms / 1000) * 1000)
  return { nextMs: (afterMs) => Math.floor(afterMs / 1000) * 1000 + wholeMs }
}

/** A duration as Go writes it, such as `1h30m`. */
function spanMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Error(`failed to parse duration @every ${text}: time: invalid duration ${JSON.stringify(text)}`)
  }
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0)
}

/** Upstream's dialect in croner's: `?` is any value, and `5/15` means from 5 to the largest. */
function plainFields(schedule: string): string {
  const fields = schedule.split(/\s+/)
  if (fields.length !== largest.length) {
    throw new Error(`expected exactly ${largest.length} fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  return fields
    .map((field, position) =>
      field
        .split(',')
        .map((range) => plainRange(range, position))
        .join(),
    )
    .join(' ')
}

function plainRange(range: string, position: number): string {
  const [span = '', step] = range.replaceAll('?', '*').split('/')
  const isSingle = !span.includes('-') && span !== '*'
  if (isSingle && step !== undefined) return `${span}-${largest[position]}/${step}`
  // With a step it is no fixed time to croner, which it would move when the clocks change.
  if (isSingle && position === hourField) return `${span}-${span}/1`
  return step === undefined ? span : `${span}/${step}`
}
