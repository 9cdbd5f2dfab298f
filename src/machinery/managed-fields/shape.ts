import { jsonText } from '../format-json.ts'
import type { FieldSchema, FieldType, ObjectSchema, ScalarType } from '../schema.ts'

/** How a value is divided into places that can have owners of their own. */
export type Shape =
  /** One place: scalars, and whatever is atomic. */
  | { readonly kind: 'leaf' }
  | { readonly kind: 'struct'; readonly schema: ObjectSchema }
  | { readonly kind: 'map'; readonly values: Shape }
  /** A list whose items are told apart by `keys`, or by their value when there are none (a set). */
  | { readonly kind: 'list'; readonly items: Shape; readonly keys: readonly ListKey[] }
  /** Free-form: objects are maps, everything else a leaf. */
  | { readonly kind: 'free' }

export interface ListKey {
  readonly name: string
  readonly default: unknown
}

const leaf: Shape = { kind: 'leaf' }
const free: Shape = { kind: 'free' }

/** Made when a field is first looked at; nothing of it changes afterwards. */
const shapes = new WeakMap<FieldSchema, Shape>()

export function shapeOfField(field: FieldSchema): Shape {
  const known = shapes.get(field)
  if (known !== undefined) return known
  const made = field.mapType === 'atomic' ? leaf : shapeOfType(field.type, field)
  shapes.set(field, made)
  return made
}

/** The shape of a member of a struct; of one that the schema does not know, free-form. */
export function shapeOfMember(schema: ObjectSchema, name: string): Shape {
  const field = schema.fields.get(name)
  return field === undefined ? free : shapeOfField(field)
}

/** What a free-form value turns out to be. */
export function deduce(shape: Shape, ...values: readonly unknown[]): Shape {
  if (shape.kind !== 'free') return shape
  return values.some(isMap) ? { kind: 'map', values: free } : leaf
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The path element of a list's item: `k:{"containerPort":80,"protocol":"TCP"}` or `v:"x"`. */
export function itemElement(item: unknown, keys: readonly ListKey[]): string {
  if (keys.length === 0 || !isMap(item)) return `v:${jsonText(item)}`
  const parts = keys
    .map(({ name, default: fallback }) => [name, item[name] ?? fallback])
    .filter(([, value]) => value !== undefined)
  return `k:${jsonText(Object.fromEntries(parts))}`
}

function shapeOfType(type: FieldType, field?: FieldSchema): Shape {
  switch (type.kind) {
    case 'scalar':
      return type.scalar === 'FieldsV1' || type.scalar === 'JSON' ? free : leaf
    case 'object':
      return type.type.mapType === 'atomic' ? leaf : { kind: 'struct', schema: type.type }
    case 'map':
      return { kind: 'map', values: shapeOfType(type.values) }
    case 'list':
      return listShape(type.items, field)
    case 'union':
      return free
  }
}

function listShape(items: FieldType, field: FieldSchema | undefined): Shape {
  if (field?.listType === 'set') return { kind: 'list', items: leaf, keys: [] }
  if (field?.listType !== 'map') return leaf
  const names = [...(field.listMapKeys ?? [])].sort()
  const fields = items.kind === 'object' ? items.type.fields : undefined
  return {
    kind: 'list',
    items: shapeOfType(items),
    keys: names.map((name) => ({ name, default: keyDefault(fields?.get(name)) })),
  }
}

/** OpenAPI gives Go fields without `omitempty` their zero value for a default, so that items without such a key have one. */
function keyDefault(field: FieldSchema | undefined): unknown {
  if (field?.default !== undefined) return field.default
  if (!field?.keepEmpty || field.nullable || field.type.kind !== 'scalar') return undefined
  return zeroKeys[field.type.scalar]
}

const zeroKeys: Partial<Record<ScalarType, unknown>> = { string: '', int32: 0, int64: 0, boolean: false }
