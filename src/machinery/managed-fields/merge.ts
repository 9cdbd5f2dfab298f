import { getOwn, setOwn } from '../own-member.ts'
import type { ObjectSchema } from '../schema.ts'
import type { FieldSet } from './field-set.ts'
import { deduce, isMap, itemElement, type Shape } from './shape.ts'
import { memberShape } from './to-field-set.ts'

type Members = Readonly<Record<string, unknown>>

/** `applied` laid over `live`, neither of which is changed. After structured-merge-diff typed/merge.go. */
export function mergeObjects(live: Members, applied: Members, schema: ObjectSchema): Record<string, unknown> {
  return mergeMembers(live, applied, { kind: 'struct', schema })
}

function mergeValues(live: unknown, applied: unknown, shape: Shape): unknown {
  if (applied === undefined) return live
  const form = deduce(shape, live, applied)
  if (form.kind === 'leaf' || live === undefined || live === null || applied === null) return applied
  if (form.kind === 'list')
    return Array.isArray(live) && Array.isArray(applied) ? mergeItems(live, applied, form) : applied
  return isMap(live) && isMap(applied) ? mergeMembers(live, applied, form) : applied
}

function mergeMembers(live: Members, applied: Members, form: Shape): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...live }
  for (const [name, value] of Object.entries(applied))
    setOwn(merged, name, mergeValues(getOwn(live, name), value, memberShape(form, name)))
  return merged
}

type ListShape = Extract<Shape, { kind: 'list' }>

/** Items of both in the order of `applied`; those that only `live` has stay beside their neighbours. */
function mergeItems(live: readonly unknown[], applied: readonly unknown[], form: ListShape): unknown[] {
  const liveElements = live.map((item) => itemElement(item, form.keys))
  const appliedElements = applied.map((item) => itemElement(item, form.keys))
  const liveByElement = new Map(liveElements.map((element, at) => [element, live[at]]))
  const appliedSet = new Set(appliedElements)
  const shared = appliedElements.filter((element) => liveByElement.has(element))
  const done = new Set<string>()
  const merged: unknown[] = []
  const take = (at: number): void => {
    const element = appliedElements[at]!
    done.add(element)
    merged.push(mergeValues(liveByElement.get(element), applied[at], form.items))
    if (shared[0] === element) shared.shift()
  }
  for (let left = 0, right = 0; left < live.length || right < applied.length; ) {
    const element = liveElements[left]
    if (element !== undefined && right < applied.length) {
      if (element === appliedElements[right]) {
        take(right++)
        left++
        continue
      }
      // Also in `applied`, but it is not this one's turn.
      if (appliedSet.has(element) && shared.length > 0 && shared[0] !== element) {
        left++
        continue
      }
    }
    if (element !== undefined && !appliedSet.has(element)) {
      merged.push(live[left++])
      continue
    }
    if (element !== undefined && done.has(element)) left++
    if (right < applied.length) take(right++)
  }
  return merged
}

/** The object without the places of `removed`; containers that lose everything become null. */
export function removeItems(object: Members, removed: FieldSet, schema: ObjectSchema): Record<string, unknown> {
  return (removeFrom(object, removed, { kind: 'struct', schema }) as Record<string, unknown>) ?? {}
}

function removeFrom(value: unknown, removed: FieldSet, shape: Shape): unknown {
  const form = deduce(shape, value)
  if (form.kind === 'leaf' || removed.children.size === 0) return value
  if (Array.isArray(value)) {
    if (form.kind !== 'list' || value.length === 0) return value
    const kept = value.flatMap((item) => keep(item, removed.children.get(itemElement(item, form.keys)), form.items))
    return kept.length > 0 ? kept : null
  }
  if (!isMap(value)) return value
  const kept = Object.entries(value).flatMap(([name, member]) =>
    keep(member, removed.children.get(`f:${name}`), memberShape(form, name)).map((rest) => [name, rest] as const),
  )
  return kept.length > 0 ? Object.fromEntries(kept) : null
}

/** What remains of a member: nothing, or one value. */
function keep(value: unknown, removed: FieldSet | undefined, shape: Shape): unknown[] {
  if (removed === undefined) return [value]
  return removed.member ? [] : [removeFrom(value, removed, shape)]
}
