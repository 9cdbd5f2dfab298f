import type { FieldError } from '../../machinery/errors.ts'
import { parseYaml, YamlError } from '../../machinery/yaml.ts'

/** A file that the server cannot go on with; the message says where it is wrong. */
export class ConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConfigurationError'
  }
}

/** A field that is not as it must be, in the words of the API's own validation. */
export function fieldError({ field, detail }: FieldError): ConfigurationError {
  return new ConfigurationError(`${field}: ${detail}`)
}

export interface ConfigurationKind {
  readonly kind: string
  /** Such as `apiserver.config.k8s.io/v1`. */
  readonly apiVersions: readonly string[]
}

export type Fields = Readonly<Record<string, unknown>>

/** The fields of a configuration file, YAML or JSON, beside its kind. Throws a ConfigurationError. */
export function parseConfiguration(text: string, { kind, apiVersions }: ConfigurationKind): Fields {
  let value: unknown
  try {
    value = parseYaml(text).value
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new ConfigurationError(`error converting YAML to JSON: ${error.message}`, { cause: error })
  }
  const fields = asFields(value, '')
  if (fields.kind !== kind || !apiVersions.includes(String(fields.apiVersion))) {
    const found = `${fields.kind ?? ''} in ${fields.apiVersion ?? ''}`
    throw new ConfigurationError(`the file must hold a ${kind} of ${apiVersions.join(' or ')}, and holds ${found}`)
  }
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = fields
  return rest
}

/** An object of the file. Throws for any other value. */
export function asFields(value: unknown, path: string): Fields {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields
  throw new ConfigurationError(`${path === '' ? 'the file' : path} must be an object`)
}

export function asList(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw new ConfigurationError(`${path} must be a list`)
}

export function asStrings(value: unknown, path: string): string[] {
  return asList(value, path).map((item, index) => asString(item, `${path}[${index}]`))
}

/** Empty where there is nothing. */
export function asString(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw new ConfigurationError(`${path} must be a string`)
}

/** Refuses what nobody would look at: most often a name that is misspelt. */
export function refuseUnknown(fields: Fields, path: string, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ConfigurationError(`strict decoding error: unknown field "${path === '' ? '' : `${path}.`}${unknown}"`)
}
