/** Numbers as Go's JSON decoder keeps them: int64 where the value is one, float64 otherwise. */

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n

export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Whether the value is an int64; a `number` beyond 2⁵³ was no integer that Go could hold exactly. */
export function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' ? value >= int64Min && value <= int64Max : Number.isSafeInteger(value)
}

/** Whether a float is as good as an integer: JSON's `1.0`, or one off by rounding. After swag IsFloat64AJSONInteger. */
export function isNearInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false
  const whole = Math.trunc(value)
  if (value === whole) return true
  if (value < 0 || whole === 0) return false
  return (value - whole) / (value + whole) < 1e-9
}

/** Whether the number fits the integer type or the float of 32 bits that the format names. */
export function fitsFormat(value: number | bigint, type: string, format: string | undefined): boolean {
  if (type === 'integer') {
    if (typeof value === 'number' && (!Number.isInteger(value) || Math.abs(value) > 2 ** 63)) return false
    const whole = BigInt(value)
    return format === 'int32' ? BigInt.asIntN(32, whole) === whole : whole >= int64Min && whole <= int64Max
  }
  return format !== 'float' || Number.isFinite(Math.fround(Number(value)))
}
