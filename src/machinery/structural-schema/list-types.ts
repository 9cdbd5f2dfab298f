import type { FieldError } from '../errors.ts'
import { duplicateField, invalidField } from '../field-errors.ts'
import { memberSchema, type StructuralSchema } from './structural-schema.ts'
import { isJsonObject, type JsonObject, setMember } from './values.ts'

/**
 * Duplicates in lists of type set, and of the keys in lists of type map: of each, the second one is named. After
 * apiextensions-apiserver pkg/apiserver/schema/listtype validation.go v1.36.
 */
export function listTypeErrors(value: unknown, schema: StructuralSchema | undefined, path = ''): FieldError[] {
  if (schema === undefined) return []
  if (Array.isArray(value)) {
    const items = value.flatMap((item, index) => listTypeErrors(item, schema.items, `${path}[${index}]`))
    return [...duplicates(value, schema, path), ...items]
  }
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const isProperty = schema.properties.has(name)
    const place = isProperty ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
    return listTypeErrors(member, memberSchema(schema, name), place)
  })
}

function duplicates(list: readonly unknown[], { listType, listMapKeys }: StructuralSchema, path: string): FieldError[] {
  if (listType === 'set') return secondOnes(list).map((index) => duplicateField(`${path}[${index}]`, list[index]))
  if (listType !== 'map') return []
  const stranger = list.findIndex((item) => item !== null && !isJsonObject(item))
  if (stranger >= 0) {
    const why = 'must be an object for an array of list-type map'
    return [invalidField(`${path}[${stranger}]`, list[stranger], why)]
  }
  const keys = list.map((item) => keyOf(item as JsonObject | null, listMapKeys))
  return secondOnes(keys).map((index) => duplicateField(`${path}[${index}]`, keys[index]))
}

function keyOf(item: JsonObject | null, names: readonly string[]): JsonObject {
  const key: JsonObject = {}
  for (const name of [...names].sort()) {
    if (item !== null && Object.hasOwn(item, name)) setMember(key, name, item[name])
  }
  return key
}

/** The indices at which a value appears for the second time. */
function secondOnes(values: readonly unknown[]): number[] {
  const seen = new Map<string, number>()
  const found: number[] = []
  for (const [index, value] of values.entries()) {
    const text = canonicalText(value)
    const times = (seen.get(text) ?? 0) + 1
    seen.set(text, times)
    if (times === 2) found.push(index)
  }
  return found
}

/** The same text for the same value, members in whatever order. */
function canonicalText(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join(',')}}`
}
