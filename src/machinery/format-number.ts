/** From here on Go writes an exponent. */
const firstExponent = 6

/** A float as Go's `%v` prints it: `1.5`, `1e+06`, `1e-05`. */
export function formatFloat(value: number): string {
  const exponential = value.toExponential()
  const exponent = Number(exponential.slice(exponential.indexOf('e') + 1))
  if (exponent >= -4 && exponent < firstExponent) return value.toString()
  const [digits, power] = exponential.split('e') as [string, string]
  return `${digits}e${power[0]}${power.slice(1).padStart(2, '0')}`
}
