import type { FieldError } from '../errors.ts'
import { invalidField, notSupportedField, requiredField, tooLongField, tooManyField } from '../field-errors.ts'
import { jsonText } from '../format-json.ts'

/**
 * One failure of a value against its schema. Two failures with the same message are the same: branches of allOf and
 * anyOf often say a thing twice. After kube-openapi pkg/validation/errors schema.go.
 */
export interface Failure {
  readonly message: string
  /** Where, as a path from the validated value; `undefined`: the message itself says so. */
  readonly path: string | undefined
  readonly toFieldError: (field: string) => FieldError
}

/** What a validation found, and how many of the checks passed: that tells which branch of an anyOf came closest. */
export class Findings {
  readonly #failures = new Map<string, Failure>()
  passed = 0

  get failures(): readonly Failure[] {
    return [...this.#failures.values()]
  }

  get isValid(): boolean {
    return this.#failures.size === 0
  }

  add(failure: Failure): void {
    if (!this.#failures.has(failure.message)) this.#failures.set(failure.message, failure)
  }

  merge(other: Findings): void {
    for (const failure of other.#failures.values()) this.add(failure)
    this.passed += other.passed
  }
}

/** `where` is the path as messages begin with it, empty at the top. */
export function invalidFailure(where: string, value: unknown, rule: string): Failure {
  const message = `${where} in body ${rule}`
  return { message, path: where, toFieldError: (field) => invalidField(field, value, message) }
}

export function typeFailure(where: string, wanted: string, found: string): Failure {
  const message = `${where} in body must be of type ${wanted}: ${JSON.stringify(found)}`
  return {
    message,
    path: where,
    toFieldError: (field) => ({ ...invalidField(field, found, message), type: 'FieldValueTypeInvalid' }),
  }
}

export function requiredFailure(where: string): Failure {
  return { message: `${where} in body is required`, path: where, toFieldError: (field) => requiredField(field) }
}

export function enumFailure(where: string, value: unknown, allowed: readonly unknown[]): Failure {
  const names = allowed.map((one) => (typeof one === 'string' ? one : jsonText(one)))
  return {
    message: `${where} in body should be one of ${names.join(' ')}`,
    path: where,
    toFieldError: (field) => notSupportedField(field, value, names),
  }
}

export function tooLongFailure(where: string, most: number): Failure {
  return {
    message: `${where} in body should be at most ${most} chars long`,
    path: where,
    toFieldError: (field) => tooLongField(field, most),
  }
}

/** `what` is `items` or `properties`. */
export function tooManyFailure(where: string, what: string, actual: number, most: number): Failure {
  return {
    message: `${where} in body should have at most ${most} ${what}`,
    path: where,
    toFieldError: (field) => tooManyField(field, actual, most),
  }
}

/** A failure that belongs to no field of its own: upstream reports it at the root. */
export function generalFailure(message: string): Failure {
  return { message, path: undefined, toFieldError: (field) => invalidField(field, '', message) }
}
