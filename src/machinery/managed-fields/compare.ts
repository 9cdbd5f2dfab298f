import type { ObjectSchema } from '../schema.ts'
import { FieldSet } from './field-set.ts'
import { deduce, isMap, itemElement, type Shape, shapeOfMember } from './shape.ts'

/** Where two objects differ. */
export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

type Members = Readonly<Record<string, unknown>>

/** Compares two objects of one schema, place by place. After structured-merge-diff typed/compare.go. */
export function compareObjects(before: Members, after: Members, schema: ObjectSchema): Comparison {
  const comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() }
  compareMembers(before, after, (name) => shapeOfMember(schema, name), comparison)
  for (const set of Object.values(comparison)) prune(set)
  return comparison
}

/** Both are there, null perhaps. */
function compareValues(before: unknown, after: unknown, shape: Shape, at: Comparison): void {
  const form = deduce(shape, before, after)
  if (form.kind === 'leaf' || (isEmpty(before) && isEmpty(after))) {
    if (!sameValue(before, after)) at.modified.member = true
    return
  }
  if (form.kind === 'list') compareItems(asList(before), asList(after), form, at)
  else compareMembers(isMap(before) ? before : {}, isMap(after) ? after : {}, memberShapes(form), at)
}

/** All of a value that the other object lacks, which most of a new object is: there is nothing to compare. */
function markAll(value: unknown, shape: Shape, set: FieldSet): void {
  set.member = true
  const form = deduce(shape, undefined, value)
  if (form.kind === 'leaf' || isEmpty(value)) return
  if (form.kind === 'list') {
    for (const item of asList(value)) {
      const element = itemElement(item, form.keys)
      if (!set.children.has(element)) markAll(item, form.items, set.descend(element))
    }
    return
  }
  if (!isMap(value)) return
  const shapeOf = memberShapes(form)
  for (const name in value) if (value[name] !== undefined) markAll(value[name], shapeOf(name), set.descend(`f:${name}`))
}

function memberShapes(form: Shape): (name: string) => Shape {
  if (form.kind === 'struct') return (name) => shapeOfMember(form.schema, name)
  const values = form.kind === 'map' ? form.values : form
  return () => values
}

function compareMembers(before: Members, after: Members, shapeOf: (name: string) => Shape, at: Comparison): void {
  for (const name in after) {
    const [old, value] = [before[name], after[name]]
    if (old === value) continue
    if (old === undefined) markAll(value, shapeOf(name), at.added.descend(`f:${name}`))
    else if (value !== undefined) compareValues(old, value, shapeOf(name), below(at, `f:${name}`))
  }
  for (const name in before)
    if (after[name] === undefined) markAll(before[name], shapeOf(name), at.removed.descend(`f:${name}`))
}

function compareItems(
  before: readonly unknown[],
  after: readonly unknown[],
  { items, keys }: Extract<Shape, { kind: 'list' }>,
  at: Comparison,
): void {
  const byElement = new Map<string, unknown>()
  for (const item of before) byElement.set(itemElement(item, keys), item)
  const seen = new Set<string>()
  for (const item of after) {
    const element = itemElement(item, keys)
    if (seen.has(element)) continue
    seen.add(element)
    const old = byElement.get(element)
    if (old === undefined) markAll(item, items, at.added.descend(element))
    else compareValues(old, item, items, below(at, element))
  }
  for (const [element, item] of byElement) if (!seen.has(element)) markAll(item, items, at.removed.descend(element))
}

function below(at: Comparison, element: string): Comparison {
  return {
    added: at.added.descend(element),
    modified: at.modified.descend(element),
    removed: at.removed.descend(element),
  }
}

/** Takes away the branches that turned out to hold nothing. */
function prune(set: FieldSet): void {
  for (const [element, child] of set.children) {
    prune(child)
    if (child.isEmpty) set.children.delete(element)
  }
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object') return false
  for (const _ in value) return false
  return true
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => sameValue(item, b[at]))
  if (!isMap(a) || !isMap(b)) return false
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => name in b && sameValue(a[name], b[name]))
}
