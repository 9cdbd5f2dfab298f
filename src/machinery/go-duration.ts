/** Milliseconds a unit of Go's durations. */
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** Nanoseconds in 63 bits. */
const largestMs = 2 ** 63 / 1e6

export class DurationError extends Error {}

/** A duration such as `1h30m` or `-1.5s`, in milliseconds. Throws DurationError with the words of Go's time.ParseDuration. */
export function parseGoDuration(text: string): number {
  const quoted = JSON.stringify(text)
  const invalid = () => new DurationError(`time: invalid duration ${quoted}`)
  const [, sign, span = ''] = /^([-+]?)(.*)$/s.exec(text)!
  if (span === '0') return 0
  if (span === '') throw invalid()
  let total = 0
  for (let rest = span; rest !== ''; ) {
    const amount = /^(\d*)(?:\.(\d*))?/.exec(rest)![0]
    if (!/\d/.test(amount)) throw invalid()
    rest = rest.slice(amount.length)
    const unit = /^[^.\d]*/.exec(rest)![0]
    if (unit === '') throw new DurationError(`time: missing unit in duration ${quoted}`)
    const unitMs = Object.hasOwn(units, unit) ? units[unit] : undefined
    if (unitMs === undefined)
      throw new DurationError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`)
    total += Number(amount) * unitMs
    rest = rest.slice(unit.length)
  }
  if (total >= largestMs) throw invalid()
  return sign === '-' ? -total : total
}

/** Milliseconds as Go writes a duration, to the nanosecond: `1h0m5.5s`, `300ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  const size = Math.abs(ms)
  const unit = (['ns', 'µs', 'ms'] as const).findLast((name) => size >= units[name]!)
  if (size < units.s!) return `${sign}${toNano(size / units[unit ?? 'ns']!)}${unit ?? 'ns'}`
  const hours = Math.trunc(size / units.h!)
  const minutes = Math.trunc((size % units.h!) / units.m!)
  const seconds = toNano((size % units.m!) / units.s!)
  const whole = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : ''
  return `${sign}${whole}${seconds}s`
}

/** Without the digits that are binary fractions' alone. */
function toNano(value: number): number {
  return Number(value.toFixed(9))
}
