import type { FieldError } from '../errors.ts'
import { forbiddenField, invalidField, requiredField } from '../field-errors.ts'
import { completenessErrors } from './completeness.ts'
import type { JsonSchema } from './json-schema.ts'
import { nestedErrors, patternErrors } from './nested-errors.ts'
import { equalJson } from './values.ts'

/** Where a schema stands decides how a missing type is put. */
type Level = 'root' | 'item' | 'field'

/**
 * What keeps a schema from being structural, sorted. The schema must be one that `parseStructuralSchema` reads.
 * After apiextensions-apiserver pkg/apiserver/schema validation.go v1.36.
 */
export function structuralErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors = [...invariantErrors(schema, 'root', path), ...completenessErrors(schema, path)]
  const text = ({ field, detail }: FieldError) => `${field}: ${detail}`
  return errors.sort((one, other) => (text(one) < text(other) ? -1 : text(one) > text(other) ? 1 : 0))
}

/** The schema of the items, for a schema that has one for all of them. */
export function itemsOf({ items }: JsonSchema): JsonSchema | undefined {
  return items === undefined || Array.isArray(items) ? undefined : (items as JsonSchema)
}

function invariantErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = []
  const items = itemsOf(schema)
  if (schema.type === 'array' && items === undefined) errors.push(requiredField(`${path}.items`, 'must be specified'))
  if (items !== undefined) errors.push(...invariantErrors(items, 'item', `${path}.items`))
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    errors.push(...invariantErrors(property, 'field', `${path}.properties[${name}]`))
  errors.push(...additionalErrors(schema, level, path))
  errors.push(...extensionErrors(schema, path))
  errors.push(...branchErrors(schema, path))
  errors.push(...typeErrors(schema, level, path))
  errors.push(...metaErrors(schema, level, path))
  return errors
}

function additionalErrors({ additionalProperties }: JsonSchema, level: Level, path: string): FieldError[] {
  if (additionalProperties === undefined) return []
  const below = `${path}.additionalProperties`
  const errors = level === 'root' ? [forbiddenField(below, 'must not be used at the root')] : []
  if (typeof additionalProperties === 'object') errors.push(...invariantErrors(additionalProperties, 'field', below))
  return errors
}

function extensionErrors(schema: JsonSchema, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return []
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((extension) => schema[extension])
    .map((extension) =>
      invalidField(`${path}.${extension}`, true, 'must be false if x-kubernetes-int-or-string is true'),
    )
}

const intOrString = [{ type: 'integer' }, { type: 'string' }]

/** The branches of a schema, which may not say anything of structure but that a value is an integer or a string. */
function branchErrors(schema: JsonSchema, path: string): FieldError[] {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema
  const errors: FieldError[] = []
  if (!equalJson(anyOf, intOrString))
    for (const [index, one] of anyOf.entries()) errors.push(...nestedErrors(one, `${path}.anyOf[${index}]`))
  for (const [index, one] of allOf.entries()) {
    const isIntOrString = index === 0 && equalJson(one.anyOf ?? [], intOrString)
    errors.push(...nestedErrors(one, `${path}.allOf[${index}]`, { skipAnyOf: isIntOrString }))
  }
  for (const [index, one] of oneOf.entries()) errors.push(...nestedErrors(one, `${path}.oneOf[${index}]`))
  if (not !== undefined) errors.push(...nestedErrors(not, `${path}.not`))
  errors.push(...patternErrors(schema, path))
  return errors
}

const typeMissing: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function typeErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = '' } = schema
  const errors: FieldError[] = []
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const mayLackType = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type === '' ? requiredField(`${path}.type`, why) : invalidField(`${path}.type`, type, why))
  } else if (type === '' && !mayLackType) errors.push(requiredField(`${path}.type`, typeMissing[level]))
  if (isEmbedded && schema.additionalProperties !== undefined) {
    const why = 'must not be used if x-kubernetes-embedded-resource is set'
    errors.push(forbiddenField(`${path}.additionalProperties`, why))
  }
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalidField(`${path}.type`, type, 'must be object at the root'))
  return errors
}

/** What a schema says of kind, apiVersion and metadata of a whole object. */
function metaErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { properties = {} } = schema
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const isObject = level === 'root' || isEmbedded
  const errors: FieldError[] = []
  for (const name of isObject ? ['kind', 'apiVersion'] : []) {
    const type = Object.hasOwn(properties, name) ? (properties[name]!.type ?? '') : 'string'
    if (type !== 'string') errors.push(invalidField(`${path}.properties[${name}].type`, type, 'must be string'))
  }
  const metadata = Object.hasOwn(properties, 'metadata') ? properties.metadata : undefined
  const place = `${path}.properties[metadata]`
  if (metadata && isObject && metadata.type !== 'object')
    errors.push(invalidField(`${place}.type`, metadata.type ?? '', 'must be object'))
  if (metadata && level === 'root' && !restrictsNamesOnly(metadata)) {
    const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
    errors.push(forbiddenField(place, why))
  }
  if (isEmbedded && !schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(properties).length === 0) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    errors.push(requiredField(`${path}.properties`, why))
  }
  return errors
}

function restrictsNamesOnly(metadata: JsonSchema): boolean {
  const { type: _type, default: _default, properties = {}, ...rest } = metadata
  const hasNamesOnly = Object.keys(properties).every((name) => name === 'name' || name === 'generateName')
  return hasNamesOnly && Object.values(rest).every((value) => value === undefined || value === '' || value === false)
}
