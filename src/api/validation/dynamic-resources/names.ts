import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField, tooLongField } from '../../../machinery/field-errors.ts'
import { labelKeyErrors, patternError } from '../../../machinery/label-syntax.ts'
import { checkForm, checkSubdomain } from '../checks.ts'
import { labelFormErrors } from '../formats.ts'
import { checkDriverName } from '../volumes.ts'

/** Names of pools, devices, attributes and requests. After pkg/apis/resource/validation v1.36. */

const poolNameMaxBytes = 253
const maxIdBytes = 32

export function checkPoolName(name: string | undefined, path: string, errors: FieldError[]): void {
  if (!name) return void errors.push(requiredField(path))
  if (Buffer.byteLength(name) > poolNameMaxBytes) errors.push(tooLongField(path, poolNameMaxBytes))
  for (const part of name.split('/')) checkSubdomain(part, path, errors)
}

/** Devices, requests and counters have DNS labels for names. */
export function checkLabelName(name: string | undefined, path: string, errors: FieldError[]): void {
  checkForm(labelFormErrors, name ?? '', path, errors)
}

/** A name as labels have them, `example.com/name` included. */
export function checkLabelKey(name: string | undefined, path: string, errors: FieldError[]): void {
  checkForm(labelKeyErrors, name ?? '', path, errors)
}

const identifierPattern = '[A-Za-z_][A-Za-z0-9_]*'
const identifierForm = new RegExp(`^${identifierPattern}$`)
const identifierRule =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'"

function checkIdentifier(id: string, path: string, errors: FieldError[]): void {
  if (Buffer.byteLength(id) > maxIdBytes) errors.push(tooLongField(path, maxIdBytes))
  if (identifierForm.test(id)) return
  errors.push(invalidField(path, id, patternError(identifierRule, identifierPattern, ['my_name', 'MY_NAME', 'MyName'])))
}

/** `id` or `domain/id`. More slashes pass, as they do upstream. */
export function checkQualifiedName(name: string, path: string, errors: FieldError[]): void {
  const [first = '', second, ...more] = name.split('/')
  if (second === undefined) checkIdentifier(first, path, errors)
  else if (more.length === 0) checkQualifiedParts(first, second, path, errors)
}

function checkQualifiedParts(domain: string, id: string, path: string, errors: FieldError[]): void {
  if (domain === '') errors.push(invalidField(path, '', 'the domain must not be empty'))
  else checkDriverName(domain, path, errors)
  if (id === '') errors.push(invalidField(path, '', 'the name must not be empty'))
  else checkIdentifier(id, path, errors)
}

export function checkFullyQualifiedName(name: string, path: string, errors: FieldError[]): void {
  checkQualifiedName(name, path, errors)
  if (name.includes('/')) return
  errors.push(invalidField(path, name, 'a fully qualified name must be a domain and a name separated by a slash'))
}

const uidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What github.com/google/uuid takes besides: `urn:uuid:…`, `{…}` and 32 digits without dashes. */
const otherUidForm = /^(urn:uuid:|\{)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i

const uidRule =
  'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'

export function checkUid(uid: string, path: string, errors: FieldError[]): void {
  const why = uidError(uid)
  if (why !== undefined) errors.push(invalidField(path, uid, why))
}

function uidError(uid: string): string | undefined {
  if (uidForm.test(uid)) return uid === uid.toLowerCase() ? undefined : uidRule
  if (![32, 36, 38, 45].includes(uid.length)) return `error validating uid: invalid UUID length: ${uid.length}`
  if (uid.length === 45 && !/^urn:uuid:/i.test(uid)) {
    return `error validating uid: invalid urn prefix: ${JSON.stringify(uid.slice(0, 9))}`
  }
  if (uid.length === 38 && !(uid.startsWith('{') && uid.endsWith('}'))) {
    return 'error validating uid: invalid bracketed UUID format'
  }
  return otherUidForm.test(uid) ? uidRule : 'error validating uid: invalid UUID format'
}
