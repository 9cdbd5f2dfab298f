/** What labels may look like. After apimachinery api/validate/content v1.36. */

const labelKeyPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelKeyRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
  'and must start and end with an alphanumeric character'
const subdomainPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  'and must start and end with an alphanumeric character'

const labelKeyForm = new RegExp(`^${labelKeyPattern}$`)
const labelValueForm = new RegExp(`^(${labelKeyPattern})?$`)
const subdomainForm = new RegExp(`^${subdomainPattern}$`)
const labelKeyExamples = ['MyName', 'my.name', '123-abc']
const labelMaxLength = 63
const subdomainMaxLength = 253

/** Why `key` is no label key (`name` or `example.com/name`); empty when it is one. */
export function labelKeyErrors(key: string): string[] {
  const [first, second, ...more] = key.split('/')
  if (more.length > 0) {
    const form = patternError(labelKeyRule, labelKeyPattern, labelKeyExamples)
    return [`a valid label key ${form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const prefix = second === undefined ? [] : prefixErrors(first!).map((error) => `prefix part ${error}`)
  return [...prefix, ...nameErrors(second ?? first!).map((error) => `name part ${error}`)]
}

/** Why `value` is no label value; empty when it is one. */
export function labelValueErrors(value: string): string[] {
  const errors = Buffer.byteLength(value) > labelMaxLength ? [lengthError(labelMaxLength)] : []
  if (labelValueForm.test(value)) return errors
  return [...errors, patternError(labelValueRule, `(${labelKeyPattern})?`, ['MyValue', 'my_value', '12345'])]
}

/** Why `name` is no DNS subdomain (RFC 1123); empty when it is one. */
export function subdomainErrors(name: string): string[] {
  const errors = Buffer.byteLength(name) > subdomainMaxLength ? [lengthError(subdomainMaxLength)] : []
  return subdomainForm.test(name) ? errors : [...errors, patternError(subdomainRule, subdomainPattern, ['example.com'])]
}

/** `must be no more than 63 bytes`, as every rule of length says it. */
export function lengthError(bytes: number): string {
  return `must be no more than ${bytes} bytes`
}

/** A rule with examples and its regular expression, as every rule of form says it. */
export function patternError(rule: string, pattern: string, examples: readonly string[]): string {
  if (examples.length === 0) return `${rule} (regex used for validation is '${pattern}')`
  const shown = examples.map((example) => `'${example}', `).join(' or ')
  return `${rule} (e.g. ${shown}regex used for validation is '${pattern}')`
}

function prefixErrors(prefix: string): string[] {
  return prefix === '' ? ['must be non-empty'] : subdomainErrors(prefix)
}

function nameErrors(name: string): string[] {
  const errors =
    name === '' ? ['must be non-empty'] : Buffer.byteLength(name) > labelMaxLength ? [lengthError(labelMaxLength)] : []
  return labelKeyForm.test(name) ? errors : [...errors, patternError(labelKeyRule, labelKeyPattern, labelKeyExamples)]
}
