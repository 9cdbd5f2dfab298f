import { DurationError, parseGoDuration } from '../machinery/go-duration.ts'
import { OptionError } from './usage-error.ts'

/**
 * Readers of options: what a flag, a variable or a YAML file says in, a checked value out. Each throws an OptionError
 * that names the key. Texts are read as upstream's command line reads them (spf13/pflag).
 */
export type OptionReader<T> = (key: string, value: unknown) => T

export function text(key: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new OptionError(`${key} must be a text, not ${JSON.stringify(value)}`)
}

export function wholeNumber(key: string, value: unknown, most: number = Number.MAX_SAFE_INTEGER): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= most) return number
  const range = most === Number.MAX_SAFE_INTEGER ? 'from 0' : `from 0 to ${most}`
  throw new OptionError(`${key} must be a whole number ${range}, not ${JSON.stringify(value)}`)
}

const yes: ReadonlySet<unknown> = new Set([true, '1', 't', 'T', 'TRUE', 'true', 'True'])
const no: ReadonlySet<unknown> = new Set([false, '0', 'f', 'F', 'FALSE', 'false', 'False'])

export function yesOrNo(key: string, value: unknown): boolean {
  if (yes.has(value)) return true
  if (no.has(value)) return false
  throw new OptionError(`${key} must be true or false, not ${JSON.stringify(value)}`)
}

/** One of `names`. */
export function oneOf<const T extends string>(names: readonly T[]): OptionReader<T> {
  return (key, value) => {
    const found = names.find((name) => name === value)
    if (found !== undefined) return found
    throw new OptionError(`${key} must be one of ${names.join(', ')}, not ${JSON.stringify(value)}`)
  }
}

/** Milliseconds, of a text such as `1m30s`; a number, as programs give it, is milliseconds already. */
export function duration(key: string, value: unknown): number {
  if (typeof value === 'number') return wholeNumber(key, value)
  try {
    const ms = parseGoDuration(text(key, value))
    if (ms >= 0) return ms
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
  }
  throw new OptionError(`${key} must be a duration such as 30s or 5m, not ${JSON.stringify(value)}`)
}

/** Texts, each as it is: the option is given once for each. */
export function texts(key: string, value: unknown): readonly string[] {
  return [value].flat().map((item) => text(key, item))
}

/** Texts with commas in between; the option may be given several times. */
export function list(key: string, value: unknown): readonly string[] {
  return texts(key, value).flatMap((item) => item.split(',').map((part) => part.trim()))
}

/** `key=value` with commas in between; the option may be given several times. */
export function pairs(key: string, value: unknown): Readonly<Record<string, string>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, text(key, item)]))
  }
  return Object.fromEntries(
    list(key, value).map((item) => {
      const [name = '', ...rest] = item.split('=')
      if (rest.length > 0) return [name, rest.join('=')]
      throw new OptionError(`${key} must be key=value, not ${JSON.stringify(item)}`)
    }),
  )
}

/** `auditLogPath` is `audit-log-path` on the command line. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
