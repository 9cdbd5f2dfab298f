/** `"%s %d".format([…])`. After cel-go ext/formatting.go v0.26, in the locale en_US. */

import { compareText } from '../comparison.ts'
import { convert } from '../conversion.ts'
import { elementsOf } from '../json-values.ts'
import { formatDuration, formatTimestamp } from '../time-values.ts'
import type { CelKind } from '../types.ts'
import { typeOfValue } from '../value-types.ts'
import { Bytes, CelList, CelMap, type CelValue, Duration, Failure, Timestamp, TypeValue, Unsigned } from '../values.ts'

/** One `%…` of a format, or what is wrong with it. */
export interface Clause {
  readonly letter: string
  readonly precision: number
  /** Past the clause, in the format. */
  readonly end: number
}

/** Why a format cannot be used. */
export class FormatFailure extends Error {}

const defaultPrecision = 6

/** Calls `clause` for each clause and `text` for what stands between. Throws FormatFailure. */
export function forEachClause(
  format: string,
  { clause, text }: { clause: (clause: Clause, index: number) => void; text: (text: string) => void },
  count: number,
): void {
  let position = 0
  for (let index = 0; position < format.length; ) {
    const percent = format.indexOf('%', position)
    text(format.slice(position, percent < 0 ? undefined : percent))
    if (percent < 0) return
    if (format[percent + 1] === '%') {
      text('%')
      position = percent + 2
      continue
    }
    if (index >= count) throw new FormatFailure(`index ${index} out of range`)
    const parsed = parseClause(format, percent + 1)
    clause(parsed, index++)
    position = parsed.end
  }
}

function parseClause(format: string, start: number): Clause {
  if (start >= format.length) throw new FormatFailure('unexpected end of string')
  const wrong = (why: string) => new FormatFailure(`could not parse formatting clause: ${why}`)
  const [dotted, digits] = /^\.([0-9]*)/.exec(format.slice(start)) ?? []
  const end = start + (dotted?.length ?? 0)
  if (dotted !== undefined && end >= format.length) {
    throw wrong('error while parsing precision: could not find end of precision specifier')
  }
  if (digits === '') {
    throw wrong(
      'error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax',
    )
  }
  const letter = format[end]!
  if (!'sdfebxXo'.includes(letter)) throw wrong(`unrecognized formatting clause ${JSON.stringify(letter)}`)
  return { letter, precision: digits === undefined ? defaultPrecision : Number(digits), end: end + 1 }
}

export function formatString(format: string, values: CelList): CelValue {
  let result = ''
  try {
    forEachClause(
      format,
      {
        clause: (clause, index) => {
          result += formatClause(clause, values.at(index))
        },
        text: (text) => {
          result += text
        },
      },
      values.size,
    )
    return result
  } catch (err) {
    if (!(err instanceof FormatFailure)) throw err
    return new Failure(err.message)
  }
}

interface Refusal {
  readonly rule: string
  /** Kinds of types that the clause takes. */
  readonly takes: ReadonlySet<CelKind>
}

const integers: readonly CelKind[] = ['int', 'uint']
const hexadecimalRefusal: Refusal = {
  rule: 'only integers, byte buffers, and strings can be formatted as hex',
  takes: new Set([...integers, 'string', 'bytes']),
}

/** By the letter of the clause. */
export const refusals: Readonly<Record<string, Refusal>> = {
  s: {
    rule:
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and ' +
      'timestamps',
    takes: new Set([
      ...([...integers, 'list', 'map', 'double', 'bool', 'string'] as const),
      ...(['timestamp', 'bytes', 'duration', 'type', 'null'] as const),
    ]),
  },
  d: { rule: 'decimal clause can only be used on integers', takes: new Set(integers) },
  f: { rule: 'fixed-point clause can only be used on doubles', takes: new Set(['double', 'string']) },
  e: { rule: 'scientific clause can only be used on doubles', takes: new Set(['double', 'string']) },
  b: { rule: 'only integers and bools can be formatted as binary', takes: new Set([...integers, 'bool']) },
  x: hexadecimalRefusal,
  X: hexadecimalRefusal,
  o: { rule: 'octal clause can only be used on integers', takes: new Set(integers) },
}

const clauses: Readonly<Record<string, (value: CelValue, precision: number) => string>> = {
  s: text,
  d: decimal,
  f: (value, precision) => fixed(doubleOf(value, 'f'), precision),
  e: (value, precision) => scientific(doubleOf(value, 'e'), precision),
  b: binary,
  x: (value) => hexadecimal(value),
  X: (value) => hexadecimal(value).toUpperCase(),
  o: (value) => integerOf(value, 'o').toString(8),
}

/** Precision past this only fills memory. */
const mostDigits = 100

function formatClause({ letter, precision }: Clause, value: CelValue): string {
  try {
    return clauses[letter]!(value, Math.min(precision, mostDigits))
  } catch (err) {
    if (!(err instanceof FormatFailure)) throw err
    throw new FormatFailure(`error during formatting: ${err.message}`)
  }
}

function refused(letter: string, value: CelValue): FormatFailure {
  return new FormatFailure(`${refusals[letter]!.rule}, was given ${typeOfValue(value).name}`)
}

function integerOf(value: CelValue, letter: string): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Unsigned) return value.value
  throw refused(letter, value)
}

function decimal(value: CelValue): string {
  return String(integerOf(value, 'd'))
}

function binary(value: CelValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return integerOf(value, 'b').toString(2)
}

function hexadecimal(value: CelValue): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  if (value instanceof Bytes) return Buffer.from(value.bytes).toString('hex')
  return integerOf(value, 'x').toString(16)
}

const specialTexts = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

function doubleOf(value: CelValue, letter: string): number {
  if (typeof value === 'number') return value
  const special = typeof value === 'string' ? specialTexts.get(value) : undefined
  if (special === undefined) throw refused(letter, value)
  return special
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value > 0 ? '∞' : '-∞'
}

/** Thousands are set apart by commas. */
function fixed(value: number, precision: number): string {
  const exact = Math.abs(value) < 1e21 ? value.toFixed(precision) : BigInt(Math.trunc(value)).toString()
  const [whole, fraction] = exact.split('.') as [string, string | undefined]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return special(value) ?? (fraction === undefined ? grouped : `${grouped}.${fraction}`)
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** `2.718280 × 10⁰⁰`, with narrow spaces. */
function scientific(value: number, precision: number): string {
  const known = special(value)
  if (known !== undefined) return known
  const [mantissa, exponent] = value.toExponential(precision).split('e') as [string, string]
  const digits = exponent.replace(/^[+-]/, '').padStart(2, '0')
  const raised = [...digits].map((digit) => superscripts[Number(digit)]).join('')
  return `${mantissa}\u202f×\u202f10${exponent.startsWith('-') ? '⁻' : ''}${raised}`
}

/** `%s` of a value by itself. */
function text(value: CelValue): string {
  if (value === null) return 'null'
  if (value instanceof CelList) return listText(value)
  if (value instanceof CelMap && value.constructedType === undefined) return mapText(value)
  if (value instanceof TypeValue) return value.type.name
  const converted = convert(value, 'string')
  if (typeof converted !== 'string') throw refused('s', value)
  return converted
}

function listText(list: CelList): string {
  return `[${Array.from(elementsOf(list), memberText).join(', ')}]`
}

function mapText(map: CelMap): string {
  const pairs = [...map.keys()].map((key) => {
    if (typeof key === 'number' || typeof key === 'object') {
      if (!(key instanceof Unsigned)) {
        throw new FormatFailure(`no formatting function for map key of type ${typeOfValue(key).name}`)
      }
    }
    return [memberText(key), memberText(map.find(key) ?? null)] as const
  })
  pairs.sort(([left], [right]) => compareText(left, right))
  return `{${pairs.map(([key, value]) => `${key}:${value}`).join(', ')}}`
}

/** Within a list or a map: texts are quoted, times named. */
function memberText(value: CelValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return JSON.stringify(Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf')
    return Math.abs(value) < 1e21 ? value.toFixed(defaultPrecision) : BigInt(value).toString()
  }
  if (value instanceof Bytes) return `b${JSON.stringify(text(value))}`
  if (value instanceof Timestamp) return `timestamp(${JSON.stringify(formatTimestamp(value))})`
  if (value instanceof Duration) return `duration(${JSON.stringify(formatDuration(value))})`
  if (isFormattable(value)) return text(value)
  throw new FormatFailure(`no formatting function for ${typeOfValue(value).name}`)
}

function isFormattable(value: CelValue): boolean {
  if (value === null || typeof value === 'bigint' || typeof value === 'boolean') return true
  return value instanceof Unsigned || value instanceof CelList || value instanceof CelMap || value instanceof TypeValue
}
