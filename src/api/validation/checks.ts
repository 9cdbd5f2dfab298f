import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import { labelKeyErrors, labelValueErrors } from '../../machinery/label-syntax.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { configKeyErrors, labelFormErrors, portNameErrors, portNumberErrors, subdomainNameErrors } from './formats.ts'

/** Rules that many kinds share. Each adds what is wrong at `path` to `errors`. */

type Why = (value: string) => readonly string[]

export function checkForm(why: Why, value: string, path: string, errors: FieldError[]): void {
  for (const reason of why(value)) errors.push(invalidField(path, value, reason))
}

export function checkLabelForm(value: string, path: string, errors: FieldError[]): void {
  checkForm(labelFormErrors, value, path, errors)
}

export function checkSubdomain(value: string, path: string, errors: FieldError[]): void {
  checkForm(subdomainNameErrors, value, path, errors)
}

/** A name that must be there and be a DNS subdomain. */
export function checkRequiredName(value: string | undefined, path: string, errors: FieldError[]): void {
  if (!value) errors.push(requiredField(path))
  else checkSubdomain(value, path, errors)
}

export function checkQualifiedName(value: string, path: string, errors: FieldError[]): void {
  checkForm(labelKeyErrors, value, path, errors)
}

export function checkNonNegative(value: number | undefined, path: string, errors: FieldError[]): void {
  if (value !== undefined && value < 0) errors.push(invalidField(path, value, 'must be greater than or equal to 0'))
}

/** One of `supported`, which is named in the order given. */
export function checkOneOf(
  value: string | undefined,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  if (!supported.includes(value ?? '')) errors.push(notSupportedField(path, value ?? '', supported))
}

/** As `checkOneOf`, but nothing at all is `Required`. */
export function checkRequiredOneOf(
  value: string | undefined,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  if (!value) errors.push(requiredField(path))
  else checkOneOf(value, supported, path, errors)
}

export function checkPortNumber(port: number, path: string, errors: FieldError[]): void {
  for (const why of portNumberErrors(port)) errors.push(invalidField(path, port, why))
}

export function checkPort(port: number | string | undefined, path: string, errors: FieldError[]): void {
  if (typeof port === 'string') checkForm(portNameErrors, port, path, errors)
  else checkPortNumber(port ?? 0, path, errors)
}

export function checkConfigKey(key: string | undefined, path: string, errors: FieldError[]): void {
  if (!key) errors.push(requiredField(path))
  else checkForm(configKeyErrors, key, path, errors)
}

/** Labels and node selectors: every entry's error stands at the path of the whole map. */
export function checkLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
  errors: FieldError[],
): void {
  for (const key in labels) {
    const value = labels[key] ?? ''
    checkForm(labelKeyErrors, key, path, errors)
    checkForm(labelValueErrors, value, path, errors)
  }
}

/** After ValidateImmutableField: the new value is shown. */
export function checkImmutable(isSame: boolean, value: unknown, path: string, errors: FieldError[]): void {
  if (!isSame) errors.push(invalidField(path, value, 'field is immutable'))
}

/** A name that stands in a path, of which the missing is `Required`. */
export function checkRequiredSegment(value: string | undefined, path: string, errors: FieldError[]): void {
  if (!value) errors.push(requiredField(path))
  else for (const why of pathSegmentName(value, false)) errors.push(invalidField(path, value, why))
}
