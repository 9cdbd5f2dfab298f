import { patternError, subdomainErrors } from '../../machinery/label-syntax.ts'
import { type NameRule, pathSegmentName } from '../../machinery/object-names.ts'

/** What names, ports, addresses and paths may look like. Each answers why a value does not. After util/validation v1.36. */

const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const labelForm = new RegExp(`^${labelPattern}$`)
const subdomainForm = new RegExp(`^${labelPattern}(\\.${labelPattern})*$`)
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const serviceLabelPattern = '[a-z]([-a-z0-9]*[a-z0-9])?'
const serviceLabelForm = new RegExp(`^${serviceLabelPattern}$`)
const serviceLabelRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const keyPattern = '[-._a-zA-Z0-9]+'
const keyForm = new RegExp(`^${keyPattern}$`)
const keyRule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
const headerPattern = '[-A-Za-z0-9]+'
const headerForm = new RegExp(`^${headerPattern}$`)
const environmentForm = /^[ -<>-~]+$/
const portNameForm = /^[-a-z0-9]+$/

const labelMaxLength = 63
const keyMaxLength = 253
const portNameMaxLength = 15
const maxId = 2 ** 31 - 1

function tooLong(most: number): string {
  return `must be no more than ${most} characters`
}

/** Names of objects. The rule of label prefixes, which speaks of bytes where this one says characters. */
export function subdomainNameErrors(name: string): string[] {
  return subdomainErrors(name).map((why) => why.replace(/ bytes$/, ' characters'))
}

/** A rule for names as a rule for `generateName`, which may end with a dash. */
/** Names of kinds that are validated declaratively: not what they begin with, and length in other words. */
export const declarativeName: NameRule = (name, prefix) =>
  prefix
    ? pathSegmentName(name, true)
    : subdomainNameErrors(name).map((why) => why.replace(/(?<=^must be .*)characters$/, 'bytes'))

export function forPrefix(rule: (name: string) => string[]): (name: string, prefix: boolean) => string[] {
  return (name, prefix) => rule(prefix && name.endsWith('-') ? `${name.slice(0, -1)}a` : name)
}

export function labelFormErrors(value: string): string[] {
  if (labelForm.test(value) && value.length <= labelMaxLength) return []
  const errors = Buffer.byteLength(value) > labelMaxLength ? [tooLong(labelMaxLength)] : []
  if (labelForm.test(value)) return errors
  if (subdomainForm.test(value)) return [...errors, 'must not contain dots']
  return [...errors, patternError(labelRule, labelPattern, ['my-name', '123-abc'])]
}

export function serviceLabelErrors(value: string): string[] {
  const errors = Buffer.byteLength(value) > labelMaxLength ? [tooLong(labelMaxLength)] : []
  if (serviceLabelForm.test(value)) return errors
  return [...errors, patternError(serviceLabelRule, serviceLabelPattern, ['my-name', 'abc-123'])]
}

/** Keys of ConfigMaps and Secrets, which become file names. */
export function configKeyErrors(value: string): string[] {
  const errors = Buffer.byteLength(value) > keyMaxLength ? [tooLong(keyMaxLength)] : []
  if (!keyForm.test(value)) errors.push(patternError(keyRule, keyPattern, ['key.name', 'KEY_NAME', 'key-name']))
  if (value === '.') errors.push("must not be '.'")
  else if (value === '..') errors.push("must not be '..'")
  else if (value.startsWith('..')) errors.push("must not start with '..'")
  return errors
}

export function headerNameErrors(value: string): string[] {
  if (headerForm.test(value)) return []
  return [
    patternError("a valid HTTP header must consist of alphanumeric characters or '-'", headerPattern, [
      'X-Header-Name',
    ]),
  ]
}

export function environmentNameErrors(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  if (environmentForm.test(value)) return []
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

export function inclusiveRange(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`
}

export function portNumberErrors(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : [inclusiveRange(1, 65_535)]
}

export function idErrors(id: number): string[] {
  return id >= 0 && id <= maxId ? [] : [inclusiveRange(0, maxId)]
}

/** Names of ports: IANA service names. */
export function portNameErrors(name: string): string[] {
  const errors: string[] = []
  if (name.length > portNameMaxLength) errors.push(`must be no more than ${portNameMaxLength} characters`)
  if (!portNameForm.test(name)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(name)) errors.push('must contain at least one letter (a-z)')
  if (name.includes('--')) errors.push('must not contain consecutive hyphens')
  if (name.startsWith('-') || name.endsWith('-')) errors.push('must not begin or end with a hyphen')
  return errors
}

/** An absolute or relative path without steps back. */
export function backstepErrors(path: string): string[] {
  return path.split('/').includes('..') ? ["must not contain '..'"] : []
}

/** A relative path that stays below where it begins. */
export function descendingPathErrors(path: string): string[] {
  return [...(path.startsWith('/') ? ['must be a relative path'] : []), ...backstepErrors(path)]
}
