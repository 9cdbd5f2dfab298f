import type { FieldError } from './errors.ts'
import { formatJson } from './format-json.ts'
import { formatFloat } from './format-number.ts'

/** One function a kind of failure, each with upstream's words. After apimachinery util/validation/field errors.go v1.36. */

export function invalidField(field: string, value: unknown, why: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: withWhy(`Invalid value: ${valueText(value)}`, why) }
}

/** What is wrong is not one value: none is shown. */
export function invalidWithoutValue(field: string, why: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: withWhy('Invalid value', why) }
}

export function requiredField(field: string, why = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail: withWhy('Required value', why) }
}

export function forbiddenField(field: string, why: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail: withWhy('Forbidden', why) }
}

export function duplicateField(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, detail: `Duplicate value: ${valueText(value)}` }
}

export function notFoundField(field: string, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, detail: `Not found: ${valueText(value)}` }
}

/** The supported values come in the order they are to be named in. */
export function notSupportedField(field: string, value: unknown, supported: readonly string[]): FieldError {
  const names = supported.map((name) => JSON.stringify(name)).join(', ')
  const detail = supported.length > 0 ? `supported values: ${names}` : ''
  return { type: 'FieldValueNotSupported', field, detail: withWhy(`Unsupported value: ${valueText(value)}`, detail) }
}

export function tooLongField(field: string, maxBytes: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `Too long: may not be more than ${maxBytes} bytes` }
}

export function tooManyField(field: string, actual: number, most: number): FieldError {
  const items = most === 1 ? 'item' : 'items'
  return { type: 'FieldValueTooMany', field, detail: `Too many: ${actual}: must have at most ${most} ${items}` }
}

export function internalField(field: string, why: string): FieldError {
  return { type: 'InternalError', field, detail: `Internal error: ${why}` }
}

function withWhy(text: string, why: string): string {
  return why === '' ? text : `${text}: ${why}`
}

/** Strings in quotes, fractions as Go prints them, everything else as JSON. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).replace(/\\u00([01][0-9a-f])/g, goEscape)
  if (typeof value === 'number' && !Number.isInteger(value)) return formatFloat(value)
  return value === undefined ? 'null' : formatJson(value)
}

/** Control characters as Go's %q writes those that JSON has no letter for. */
function goEscape(_escaped: string, digits: string): string {
  const letters: Readonly<Record<string, string>> = { '07': '\\a', '0b': '\\v' }
  return letters[digits] ?? `\\x${digits}`
}
