import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import { itemsOf } from '../../../machinery/structural-schema/structural-errors.ts'
import { goItems } from './go-form.ts'
import type { ValidationOptions } from './validation-options.ts'

/** x-kubernetes-map-type, x-kubernetes-list-type and the keys. After ValidateCustomResourceDefinitionOpenAPISchema. */
export function topologyErrors(schema: JsonSchema, path: string, options: ValidationOptions): FieldError[] {
  const errors = [...mapTypeErrors(schema, path), ...listTypeErrors(schema, path, options)]
  const listType = schema['x-kubernetes-list-type']
  if ((schema['x-kubernetes-list-map-keys'] ?? []).length > 0) {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const place = `${path}.x-kubernetes-list-type`
    if (listType === undefined) errors.push(requiredField(place, why))
    else if (listType !== 'map') errors.push(invalidField(place, listType, why))
  }
  if (listType === 'map') errors.push(...mapListErrors(schema, path))
  if (options.requireListKeys) errors.push(...keyRuleErrors(schema, path))
  return errors
}

function mapTypeErrors(schema: JsonSchema, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type']
  if (mapType === undefined) return []
  const errors = typeErrors(schema, path, 'must be object if x-kubernetes-map-type is specified', 'object')
  const supported = ['atomic', 'granular']
  if (!supported.includes(mapType)) errors.push(notSupportedField(`${path}.x-kubernetes-map-type`, mapType, supported))
  return errors
}

function listTypeErrors(schema: JsonSchema, path: string, options: ValidationOptions): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  if (listType === undefined) return []
  const errors = typeErrors(schema, path, 'must be array if x-kubernetes-list-type is specified', 'array')
  if (errors.length === 0 && options.requireAtomicSets && isNonAtomicSet(schema)) {
    const items = itemsOf(schema)
    const extension = items?.type === 'array' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type'
    const why = 'must be atomic as item of a list with x-kubernetes-list-type=set'
    // For both, upstream quotes the type of the list.
    errors.push(invalidField(`${path}.items.${extension}`, items?.['x-kubernetes-list-type'], why))
  }
  const supported = ['atomic', 'set', 'map']
  if (!supported.includes(listType))
    errors.push(notSupportedField(`${path}.x-kubernetes-list-type`, listType, supported))
  return errors
}

function typeErrors({ type }: JsonSchema, path: string, why: string, wanted: string): FieldError[] {
  if (type === wanted) return []
  return [type ? invalidField(`${path}.type`, type, why) : requiredField(`${path}.type`, why)]
}

/** A set's items must be compared as a whole. */
export function isNonAtomicSet(schema: JsonSchema): boolean {
  const items = itemsOf(schema)
  if (schema['x-kubernetes-list-type'] !== 'set' || items === undefined) return false
  if (items.type === 'array') return (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic'
  return items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic'
}

function mapListErrors(schema: JsonSchema, path: string): FieldError[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const why = 'if x-kubernetes-list-type is map'
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(requiredField(`${path}.x-kubernetes-list-map-keys`, `must not be empty ${why}`))
  if (schema.items === undefined) return [...errors, requiredField(`${path}.items`, `must have a schema ${why}`)]
  const items = itemsOf(schema)
  if (items === undefined)
    return [...errors, invalidField(`${path}.items`, goItems(schema.items), `must only have a single schema ${why}`)]
  if (items.type === 'object') return [...errors, ...keyErrors(keys, items, path)]
  const object = "must be object if parent array's x-kubernetes-list-type is map"
  return [...errors, invalidField(`${path}.items.type`, items.type ?? '', object)]
}

function keyErrors(keys: readonly string[], { type, properties = {} }: JsonSchema, path: string): FieldError[] {
  const place = `${path}.x-kubernetes-list-map-keys`
  return keys.flatMap((key, index) => {
    const errors: FieldError[] = []
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (property === undefined) errors.push(invalidField(place, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      errors.push(invalidField(`${path}.items.properties[${key}].type`, type, why))
    }
    if (keys.indexOf(key) < index) errors.push(invalidField(place, keys, 'must not contain duplicate entries'))
    return errors
  })
}

/** Keys must always be there, and items and keys never null. After validateMapListKeysMapSet. */
export function keyRuleErrors(schema: JsonSchema, path: string): FieldError[] {
  const items = itemsOf(schema)
  const listType = schema['x-kubernetes-list-type']
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return []
  const errors: FieldError[] = []
  if (items.nullable)
    errors.push(
      forbiddenField(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    )
  if (listType === 'set') return errors
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const { properties = {}, required = [] } = items
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (property === undefined) continue
    const place = `${path}.items.properties[${key}]`
    const isKey = 'this property is in x-kubernetes-list-map-keys, so it'
    if (!required.includes(key) && (property.default ?? null) === null)
      errors.push(requiredField(`${place}.default`, `${isKey} must have a default or be a required property`))
    if (property.nullable) errors.push(forbiddenField(`${place}.nullable`, `${isKey} cannot be nullable`))
  }
  return errors
}
