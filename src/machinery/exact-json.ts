/**
 * JSON with its integers as they stand there, for objects whose fields nobody has declared. Go keeps numbers as int64
 * where they are, and as float64 otherwise. After apimachinery util/json and encoding/json.
 */

/** What is thrown for a number that no float64 is large enough for; the message is Go's. */
export class NumberRangeError extends Error {}

/** Where neither is found every number is exact already, and the value need not be read again. */
const longInteger = /\d{16}/
const largeExponent = /[eE]\+?\d{3}|\d{300}/

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n

/** Whether a text may hold numbers that a `number` does not. */
export function mayHaveLargeNumbers(text: string): boolean {
  return longInteger.test(text) || largeExponent.test(text)
}

/** Reads valid JSON; integers beyond 2⁵³ become bigints, up to int64. Throws NumberRangeError. */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown)
}

function exact(_key: string, value: unknown, { source = '' }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  if (!Number.isFinite(value)) {
    throw new NumberRangeError(`json: cannot unmarshal number ${source} into Go value of type float64`)
  }
  return /^-?\d+$/.test(source) ? exactInteger(BigInt(source)) : value
}

/** An integer in the form values have here: a bigint only where it has to be one. */
export function exactInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) || value < int64Min || value > int64Max ? number : value
}
