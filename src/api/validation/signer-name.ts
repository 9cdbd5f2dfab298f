import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField, tooLongField } from '../../machinery/field-errors.ts'
import { labelFormErrors, subdomainNameErrors } from './formats.ts'

const maxDomainBytes = 253
/** A domain, a slash, and the names of a namespace and of a resource with a dot between. */
const maxBytes = maxDomainBytes + 1 + 253 + 63 + 1

/** `example.com/signer`. After pkg/apis/core/validation ValidateSignerName v1.36. */
export function checkSignerName(name: string, path: string, errors: FieldError[]): void {
  if (name === '') return void errors.push(requiredField(path))
  const [domain = '', signer, ...more] = name.split('/')
  if (signer === undefined || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    errors.push(invalidField(path, name, why))
    return
  }
  if (Buffer.byteLength(domain) > maxDomainBytes) errors.push(tooLongField(path, maxDomainBytes))
  const labels = domain.split('.')
  checkParts(labels, labelFormErrors, domain, path, errors)
  if (labels.length < 2) {
    errors.push(invalidField(path, domain, 'should be a domain with at least two segments separated by dots'))
  }
  checkParts(signer.split('.'), subdomainNameErrors, signer, path, errors)
  if (Buffer.byteLength(name) > maxBytes) errors.push(tooLongField(path, maxBytes))
}

/** Only the first part that is wrong is named. */
function checkParts(
  parts: readonly string[],
  rule: (part: string) => readonly string[],
  whole: string,
  path: string,
  errors: FieldError[],
): void {
  const wrong = parts.find((part) => rule(part).length > 0)
  if (wrong === undefined) return
  for (const why of rule(wrong)) {
    errors.push(invalidField(path, whole, `validating label ${JSON.stringify(wrong)}: ${why}`))
  }
}
