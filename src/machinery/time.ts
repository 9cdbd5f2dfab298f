/** Times as the API writes them. After apimachinery meta/v1 time.go and micro_time.go v1.36, and Go's time.Parse. */

const secondLayout = '2006-01-02T15:04:05Z07:00'
const microLayout = '2006-01-02T15:04:05.000000Z07:00'

/** Go's zero time, which the API treats as no time at all. */
const zeroTimeMs = -62_135_596_800_000

/** What the parse functions throw; the message is Go's. */
export class TimeError extends Error {}

/** RFC 3339 to the second, in UTC: the form of meta/v1 Time. */
export function formatTime(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, -5)}Z`
}

/** RFC 3339 with six digits, in UTC: the form of meta/v1 MicroTime. */
export function formatMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`
}

/** A Time as the API writes it back, `undefined` for Go's zero time. Throws TimeError. */
export function canonicalTime(text: string): string | undefined {
  const { ms } = parseLayout(text, secondLayout)
  return ms === zeroTimeMs ? undefined : formatTime(ms)
}

/** A MicroTime as the API writes it back, `undefined` for Go's zero time. Throws TimeError. */
export function canonicalMicroTime(text: string): string | undefined {
  const { ms, fraction } = parseLayout(text, microLayout)
  if (ms === zeroTimeMs && fraction === '000000') return undefined
  return `${formatTime(ms).slice(0, -1)}.${fraction}Z`
}

interface ParsedTime {
  /** To the second. */
  readonly ms: number
  /** Six digits. */
  readonly fraction: string
}

const wholeForm = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

function parseLayout(text: string, layout: string): ParsedTime {
  const match = wholeForm.exec(text)
  const withMicros = layout === microLayout
  if (match === null || (withMicros && match[7]?.length !== 6)) throw new TimeError(mismatch(text, layout))
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const wrong = outOfRange({ year, month, day, hour, minute, second })
  if (wrong !== undefined) throw new TimeError(`parsing time ${JSON.stringify(text)}: ${wrong} out of range`)
  const [, , , , , , , fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000 * (sign === '-' ? -1 : 1)
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  return { ms: date.getTime() - offsetMs, fraction: fraction.slice(0, 6).padEnd(6, '0') }
}

function outOfRange(time: { year: number; month: number; day: number; hour: number; minute: number; second: number }) {
  if (time.month < 1 || time.month > 12) return 'month'
  const leap = time.year % 4 === 0 && (time.year % 100 !== 0 || time.year % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][time.month - 1]!
  if (time.day < 1 || time.day > days) return 'day'
  if (time.hour > 23) return 'hour'
  if (time.minute > 59) return 'minute'
  return time.second > 59 ? 'second' : undefined
}

/** The parts of both layouts, each with what it takes. */
const layoutParts: readonly (readonly [name: string, form: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d?/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d/],
  ['.000000', /^[.,]\d{6}(?!\d)/],
  ['Z07:00', /^(?:Z|[+-]\d\d:\d\d)/],
]

/** Go's words for the first part of the layout that the text does not fit. */
function mismatch(text: string, layout: string): string {
  const quoted = JSON.stringify(text)
  let rest = text
  for (const [name, form] of layoutParts) {
    if (name === '.000000' && layout === secondLayout) {
      rest = rest.replace(/^[.,]\d+/, '')
      continue
    }
    const match = form.exec(rest)
    if (match === null)
      return `parsing time ${quoted} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(name)}`
    rest = rest.slice(match[0].length)
  }
  return `parsing time ${quoted}: extra text: ${JSON.stringify(rest)}`
}
