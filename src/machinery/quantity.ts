/** After apimachinery api/resource v1.36. Values are exact: a bigint of nano units, the finest upstream keeps. */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

const nanoPerUnit = 1_000_000_000n
const largestBinary = (2n ** 63n - 1n) * nanoPerUnit

/** Past this many zeros a number only fills memory. Upstream takes any exponent. */
const largestExponent = 1_000

const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const wrongSuffix = "unable to parse quantity's suffix"

/** What `parseQuantity` throws; the message is upstream's. */
export class QuantityError extends Error {}

/** An amount of a resource. Immutable; arithmetic is exact. */
export class Quantity {
  readonly nano: bigint
  readonly format: QuantityFormat
  /** Upstream keeps the text of a number it takes for canonical, plus signs and leading zeros included. */
  readonly #text: string | undefined

  constructor(nano: bigint, format: QuantityFormat, text?: string) {
    this.nano = nano
    this.format = format
    this.#text = text
  }

  /** Whole units, rounded away from zero. */
  value(): bigint {
    return divideUp(this.nano, nanoPerUnit)
  }

  /** Thousandths, rounded away from zero. */
  milli(): bigint {
    return divideUp(this.nano, 1_000_000n)
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.nano + other.nano, this.nano === 0n ? other.format : this.format)
  }

  subtract(other: Quantity): Quantity {
    return new Quantity(this.nano - other.nano, this.nano === 0n ? other.format : this.format)
  }

  /** Negative, zero or positive, as `this` is less than, equal to or greater than `other`. */
  compare(other: Quantity): number {
    return this.nano < other.nano ? -1 : this.nano > other.nano ? 1 : 0
  }

  /** The canonical form: no fraction, and the largest suffix that loses nothing. `1.5Gi` is `1536Mi`. */
  toString(): string {
    if (this.#text !== undefined) return this.#text
    if (this.nano === 0n) return '0'
    if (this.format === 'BinarySI' && this.#isWholeAndLarge()) return binaryText(this.nano / nanoPerUnit)
    return decimalText(this.nano, this.format)
  }

  /** Below 1024, or with a fraction, binary suffixes would lose something. */
  #isWholeAndLarge(): boolean {
    const magnitude = this.nano < 0n ? -this.nano : this.nano
    return magnitude >= 1024n * nanoPerUnit && this.nano % nanoPerUnit === 0n
  }
}

/** `Quantity` of whole units, as a sum begins with. */
export function quantityOf(units: bigint | number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(BigInt(units) * nanoPerUnit, format)
}

/** Reads `100m`, `1.5Gi`, `12e6`. Finer than nano is rounded away from zero. Throws QuantityError. */
export function parseQuantity(text: string): Quantity {
  const parts = text === '' ? null : /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text)
  if (parts === null) throw new QuantityError(wrongFormat)
  const [, sign, whole, fraction = '', suffix] = parts as unknown as [
    string,
    string,
    string,
    string | undefined,
    string,
  ]
  const unit = parseSuffix(suffix)
  if (unit === undefined) throw new QuantityError(wrongSuffix)
  const digits = (whole === '' ? '0' : whole) + fraction
  const magnitude = magnitudeOf(BigInt(digits), fraction.length, unit)
  const nano = sign === '-' ? -magnitude : magnitude
  if (isKeptAsWritten({ text, digits, fractionDigits: fraction.length, unit }))
    return new Quantity(nano, unit.format, text)
  const tooSmall = unit.format === 'BinarySI' && magnitude < nanoPerUnit
  return new Quantity(nano, tooSmall ? 'DecimalSI' : unit.format)
}

/** Thousandths of a quantity, rounded away from zero: `milliOf('1.5Gi')` is 1_610_612_736_000n. Throws QuantityError. */
export function milliOf(text: string): bigint {
  return parseQuantity(text).milli()
}

/** The text as the API server writes it back. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  // The forms nearly all quantities come in: canonical already, so nothing needs to be computed.
  if (/^[1-9][0-9]{0,8}m?$/.test(text) && !/000m?$/.test(text)) return text
  if (/^[0-9]{0,3}[13579][KMG]i$/.test(text)) return text
  return parseQuantity(text).toString()
}

interface Unit {
  readonly format: QuantityFormat
  /** Of ten, or of two in BinarySI. */
  readonly exponent: number
}

function parseSuffix(suffix: string): Unit | undefined {
  const decimal = decimalSuffixes.get(suffix)
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal }
  const binary = binarySuffixes.indexOf(suffix)
  if (binary > 0) return { format: 'BinarySI', exponent: binary * 10 }
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined
  const exponent = Number(suffix.slice(1))
  return Math.abs(exponent) <= largestExponent ? { format: 'DecimalExponent', exponent } : undefined
}

/** Nano units of `digits` with the point moved `fractionDigits` to the left, rounded up. */
function magnitudeOf(digits: bigint, fractionDigits: number, { format, exponent }: Unit): bigint {
  const binary = format === 'BinarySI'
  const scaled = binary ? digits << BigInt(exponent) : digits
  const decimals = 9 - fractionDigits + (binary ? 0 : exponent)
  const nano = decimals >= 0 ? scaled * 10n ** BigInt(decimals) : divideUp(scaled, 10n ** BigInt(-decimals))
  return binary && nano > largestBinary ? largestBinary : nano
}

/** Upstream's test for "canonical already", which lets some other forms pass (`+1`, `1.500`); clients see them. */
function isKeptAsWritten(number: { text: string; digits: string; fractionDigits: number; unit: Unit }): boolean {
  const { digits, fractionDigits, unit } = number
  if (unit.format === 'BinarySI') {
    const precision = 15 - digits.length - Math.trunc((unit.exponent * 3) / 10) - 1
    return fractionDigits === 0 && precision >= 0 && BigInt(digits) % 8n !== 0n
  }
  const scale = unit.exponent - fractionDigits
  return digits.length <= 18 && scale >= -9 && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

function divideUp(amount: bigint, by: bigint): bigint {
  const quotient = amount / by
  if (amount % by === 0n) return quotient
  return amount < 0n ? quotient - 1n : quotient + 1n
}

function binaryText(value: bigint): string {
  let step = 0
  while (value % 1024n === 0n && step < binarySuffixes.length - 1) {
    value /= 1024n
    step++
  }
  return `${value}${binarySuffixes[step]}`
}

function decimalText(nano: bigint, format: QuantityFormat): string {
  const largest = format === 'DecimalExponent' ? largestExponent : 18
  let exponent = -9
  while (nano % 1000n === 0n && exponent < largest) {
    nano /= 1000n
    exponent += 3
  }
  if (format !== 'DecimalExponent') return `${nano}${decimalSuffixOf.get(exponent)}`
  return exponent === 0 ? `${nano}` : `${nano}e${exponent}`
}
