import type { ObjectSchema } from '../schema.ts'
import { FieldSet } from './field-set.ts'
import { deduce, isMap, itemElement, type Shape, shapeOfMember } from './shape.ts'

type Members = Readonly<Record<string, unknown>>

/** Every place an object names: what whoever applies it owns. After structured-merge-diff typed/tofieldset.go. */
export function toFieldSet(object: Members, schema: ObjectSchema): FieldSet {
  const set = new FieldSet()
  addMembers(set, object, { kind: 'struct', schema })
  return set
}

function addValue(set: FieldSet, value: unknown, shape: Shape): void {
  const form = deduce(shape, value)
  if (form.kind === 'leaf') set.member = true
  else if (form.kind === 'list') addItems(set, value, form)
  else if (isMap(value)) addMembers(set, value, form)
}

function addItems(set: FieldSet, value: unknown, { items, keys }: Extract<Shape, { kind: 'list' }>): void {
  if (!Array.isArray(value)) return
  for (const item of value) {
    const child = set.descend(itemElement(item, keys))
    addValue(child, item, items)
    child.member = true
  }
}

/** Members of maps are places themselves; those of structs only where they hold nothing. */
function addMembers(set: FieldSet, object: Members, form: Shape): void {
  for (const [name, value] of Object.entries(object)) {
    const isField = form.kind === 'struct' && form.schema.fields.has(name)
    const child = set.descend(`f:${name}`)
    addValue(child, value, memberShape(form, name))
    if (!isField || value === null || (isMap(value) && Object.keys(value).length === 0)) child.member = true
    if (child.isEmpty) set.children.delete(`f:${name}`)
  }
}

/** The set with every struct field that leads to a member as a member too. */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  const result = new FieldSet()
  result.member = set.member
  for (const [element, child] of set.children) {
    const named = withNamedFields(child, elementShape(shape, element))
    if (shape.kind === 'struct' && shape.schema.fields.has(element.slice(2))) named.member = true
    result.children.set(element, named)
  }
  return result
}

export function memberShape(form: Shape, name: string): Shape {
  if (form.kind === 'struct') return shapeOfMember(form.schema, name)
  return form.kind === 'map' ? form.values : { kind: 'free' }
}

function elementShape(shape: Shape, element: string): Shape {
  if (element.startsWith('f:')) return memberShape(shape, element.slice(2))
  return shape.kind === 'list' ? shape.items : { kind: 'free' }
}
