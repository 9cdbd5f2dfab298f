import { jsonText } from '../format-json.ts'
import type { ObjectSchema, ScalarType } from '../schema.ts'
import { elementText } from './field-set.ts'
import { isMap, itemElement, type ListKey, type Shape, shapeOfField } from './shape.ts'

/**
 * What keeps an object from being applied: unknown fields, values of another form, items that cannot be told apart.
 * The texts of structured-merge-diff typed/validate.go, joined as it joins them; empty when nothing does.
 */
export function appliedObjectError(object: Readonly<Record<string, unknown>>, schema: ObjectSchema): string {
  const errors = structErrors(object, schema, '')
  if (errors.length <= 1) return errors[0] ?? ''
  return `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`
}

function structErrors(object: Readonly<Record<string, unknown>>, schema: ObjectSchema, path: string): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const field = schema.fields.get(name)
    const place = `${path}.${name}`
    if (field === undefined) return schema.preserveUnknownFields ? [] : [`${place}: field not declared in schema`]
    if (value === null) return []
    if (field.type.kind === 'scalar') return scalarErrors(value, field.type.scalar, place)
    if (field.type.kind === 'map' && isMap(value) && field.type.values.kind === 'scalar') {
      const { scalar } = field.type.values
      return Object.entries(value).flatMap(([key, member]) => scalarErrors(member, scalar, `${place}.${key}`))
    }
    return valueErrors(value, shapeOfField(field), place)
  })
}

function valueErrors(value: unknown, shape: Shape, path: string): string[] {
  if (shape.kind === 'struct')
    return isMap(value) ? structErrors(value, shape.schema, path) : [`${path}: expected map, got ${goValue(value)}`]
  if (shape.kind !== 'list') return []
  if (!Array.isArray(value)) return [`${path}: expected list, got ${goValue(value)}`]
  return listErrors(value, shape, path)
}

function listErrors(
  list: readonly unknown[],
  { items, keys }: Extract<Shape, { kind: 'list' }>,
  path: string,
): string[] {
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    if (omitsAllKeys(item, keys)) return [`${path}: element ${index}: ${keysText(keys)}`]
    const element = itemElement(item, keys)
    if (seen.has(element)) return [`${path}: duplicate entries for key ${elementText(element)}`]
    seen.add(element)
    return valueErrors(item, items, path + elementText(element))
  })
}

function omitsAllKeys(item: unknown, keys: readonly ListKey[]): boolean {
  if (!isMap(item) || keys.length === 0) return false
  return keys.every(({ name, default: fallback }) => item[name] === undefined && fallback === undefined)
}

function keysText(keys: readonly ListKey[]): string {
  const names = keys.map(({ name }) => JSON.stringify(name)).join(' ')
  const what = `associative list with keys has an element that omits all key fields [${names}]`
  return `${what} (and doesn't have default values for any key fields)`
}

function scalarErrors(value: unknown, scalar: ScalarType, path: string): string[] {
  const expected = expectedForms[scalar]
  if (value === null || expected === undefined || expected.includes(typeof value)) return []
  return [`${path}: ${mismatch(expected, value)}`]
}

/** Upstream prints the value in a different way for each form it expected. */
function mismatch(expected: readonly string[], value: unknown): string {
  if (expected.length > 1) return `expected any scalar, got &{${jsonText(value)}}`
  if (expected[0] === 'string') return `expected string, got ${goValue(value)}`
  if (expected[0] === 'boolean') return `expected boolean, got &{${jsonText(value)}}`
  const form = Array.isArray(value) ? '[]interface {}' : isMap(value) ? 'map[string]interface {}' : typeof value
  return `expected numeric (int or float), got ${form === 'boolean' ? 'bool' : form}`
}

const expectedForms: Partial<Record<ScalarType, readonly string[]>> = {
  string: ['string'],
  bytes: ['string'],
  Time: ['string'],
  MicroTime: ['string'],
  boolean: ['boolean'],
  int32: ['number'],
  int64: ['number'],
  double: ['number'],
  Quantity: ['string', 'number'],
  IntOrString: ['string', 'number'],
}

/** As Go's %#v shows the decoded value. */
function goValue(value: unknown): string {
  return `&value.valueUnstructured{Value:${jsonText(value)}}`
}
