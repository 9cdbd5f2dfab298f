import { strictDecodingError } from '../../machinery/decode.ts'
import { badRequest, invalid } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import { apiVersionOf, parseApiVersion } from '../../machinery/object.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { FieldValidation } from './write-options.ts'

export interface CustomKindOptions {
  /** What the body holds. */
  readonly value: unknown
  /** The body as it was sent; a value that another component passes need not say what it is. */
  readonly text: string | undefined
  readonly expected: { readonly group: string; readonly version: string; readonly kind: string }
  readonly fieldValidation: FieldValidation
  readonly warnings: string[]
  readonly registry: ResourceRegistry
}

/**
 * Throws when a body is not of the custom kind that is expected. Upstream has no table of such kinds: it takes any, and
 * complains of the wrong one later, in other words. After ValidateTypeMeta of registry/customresource v1.36.
 */
export function assertCustomKind(options: CustomKindOptions): void {
  const { value, text, expected } = options
  const { apiVersion, kind, metadata } = (value ?? {}) as Record<string, unknown>
  const wantedVersion = apiVersionOf(expected)
  if (text !== undefined) assertSaid({ kind, apiVersion }, text, expected)
  if (typeof apiVersion === 'string' && apiVersion !== wantedVersion) throw otherVersion(options, apiVersion)
  if (typeof kind !== 'string' || kind === expected.kind) return
  const { name } = (metadata ?? {}) as { name?: unknown }
  const errors = [invalidField('kind', kind, `must be ${expected.kind}`)]
  throw invalid({ group: expected.group, kind }, typeof name === 'string' ? name : '', errors)
}

function assertSaid(
  { kind, apiVersion }: { readonly kind: unknown; readonly apiVersion: unknown },
  text: string,
  expected: CustomKindOptions['expected'],
): void {
  const refuse = (what: string, version: string) => {
    const cannot = `${expected.kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}`
    return badRequest(`${cannot}: Object '${what}' is missing in '${text}'`)
  }
  if (!kind) throw refuse('Kind', expected.version)
  if (!apiVersion) throw refuse('apiVersion', '')
}

/** In a version that is not defined no field is known. */
function unknownFields({ value, expected, registry }: CustomKindOptions, apiVersion: string): readonly string[] {
  const { group, version } = parseApiVersion(apiVersion)
  if (group !== expected.group) return []
  const other = registry.lookupKind(group, version, expected.kind)
  if (other?.custom) return other.custom.decode(value).strictErrors
  const names = Object.keys(value as object).filter((name) => !identity.has(name))
  return names.sort().map((name) => `unknown field ${JSON.stringify(name)}`)
}

const identity: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

/** What the other version does not know is noticed first. */
function otherVersion(options: CustomKindOptions, apiVersion: string): Error {
  const { expected, fieldValidation, warnings } = options
  const { version } = parseApiVersion(apiVersion)
  const unknown = unknownFields(options, apiVersion)
  if (unknown.length > 0 && fieldValidation === 'Strict') {
    const cannot = `${expected.kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}`
    return badRequest(`${cannot}: ${strictDecodingError(unknown).message}`)
  }
  if (fieldValidation === 'Warn') warnings.push(...unknown)
  const data = `the API version in the data (${apiVersion})`
  return badRequest(`${data} does not match the expected API version (${apiVersionOf(expected)})`)
}
