/** A JSON value as Go's fmt prints it with %v: `map[a:1 b:[x y]]`, members by name. Some of upstream's messages show it. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value === 'number') return goNumber(value)
  if (typeof value !== 'object') return String(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${members.map(([name, member]) => `${name}:${goText(member)}`).join(' ')}]`
}

const largestPlain = 1e21
const smallestPlain = 1e-4

/** Go's %v: exponents have at least two digits, and begin below a ten-thousandth. */
function goNumber(value: number): string {
  const size = Math.abs(value)
  const plain = size === 0 || (size >= smallestPlain && size < largestPlain)
  const text = plain ? String(value) : value.toExponential()
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

/** The Go type of a JSON value, as fmt prints it with %T. */
export function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'bigint') return 'int64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}
