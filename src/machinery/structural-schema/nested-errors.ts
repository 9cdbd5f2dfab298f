import type { FieldError } from '../errors.ts'
import { forbiddenField, invalidField } from '../field-errors.ts'
import type { JsonSchema } from './json-schema.ts'
import { Pattern } from './pattern.ts'

export interface NestedOptions {
  /** The anyOf of this branch is the one that says "an integer or a string", which is allowed. */
  readonly skipAnyOf?: boolean
}

/** What a branch of allOf, anyOf, oneOf or not says beyond restricting values. After validation.go. */
export function nestedErrors(
  schema: JsonSchema,
  path: string,
  { skipAnyOf = false }: NestedOptions = {},
): FieldError[] {
  const { allOf = [], anyOf = [], oneOf = [], not, items, properties = {} } = schema
  const errors: FieldError[] = []
  if (!skipAnyOf)
    for (const [index, one] of anyOf.entries()) errors.push(...nestedErrors(one, `${path}.anyOf[${index}]`))
  for (const [index, one] of allOf.entries()) errors.push(...nestedErrors(one, `${path}.allOf[${index}]`))
  for (const [index, one] of oneOf.entries()) errors.push(...nestedErrors(one, `${path}.oneOf[${index}]`))
  if (not !== undefined) errors.push(...nestedErrors(not, `${path}.not`))
  errors.push(...patternErrors(schema, path))
  if (items !== undefined && !Array.isArray(items)) errors.push(...nestedErrors(items as JsonSchema, `${path}.items`))
  for (const [name, property] of Object.entries(properties))
    errors.push(...nestedErrors(property, `${path}.properties[${name}]`))
  for (const [name, why] of forbiddenHere) if (isSet(schema[name])) errors.push(forbiddenField(`${path}.${name}`, why))
  if (Object.hasOwn(properties, 'metadata'))
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  return errors
}

export function patternErrors({ pattern }: JsonSchema, path: string): FieldError[] {
  const error = pattern ? new Pattern(pattern).error : undefined
  if (error === undefined) return []
  return [invalidField(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${error}`)]
}

const forbiddenHere: readonly (readonly [keyof JsonSchema, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
]

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  return value !== undefined && value !== null && value !== '' && value !== false
}
