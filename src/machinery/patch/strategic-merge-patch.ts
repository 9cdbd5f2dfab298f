import { getOwn, setOwn } from '../own-member.ts'
import type { FieldSchema, FieldType, ObjectSchema } from '../schema.ts'
import { isJsonObject, type JsonObject, jsonEqual, PatchError } from './patch-error.ts'

/**
 * Strategic merge patch: a merge patch that knows by the schema which lists are merged by key. After apimachinery
 * util/strategicpatch patch.go v1.36. Originals are not changed; what a patch leaves alone is shared with the result.
 */

const patchDirective = '$patch'
const retainKeysDirective = '$retainKeys'
const deleteFromPrimitiveList = '$deleteFromPrimitiveList/'
const setElementOrder = '$setElementOrder/'

/** How a value is patched: what its members are, and, for lists, how items are told apart. */
interface PatchRule {
  /** `undefined`: free-form below here, so lists are replaced whole. */
  readonly schema: ObjectSchema | undefined
  readonly merges: boolean
  readonly mergeKey: string
  readonly replaces: boolean
  readonly retainsKeys: boolean
  readonly path: string
}

/** Applies a strategic merge patch. Throws PatchError. */
export function applyStrategicMergePatch(
  original: Readonly<JsonObject>,
  patch: unknown,
  schema: ObjectSchema,
): JsonObject {
  if (!isJsonObject(patch)) throw new PatchError('invalid JSON document', 400)
  return mergeObject(original, patch, schema)
}

function mergeObject(
  original: Readonly<JsonObject>,
  given: Readonly<JsonObject>,
  schema: ObjectSchema | undefined,
): JsonObject {
  const directive = getOwn(given, patchDirective)
  if (directive !== undefined) return replaceObject(directive, given)
  const patch = { ...given }
  const merged = retainKeys({ ...original }, patch)
  for (const name of Object.keys(patch)) if (name.startsWith(setElementOrder)) mergeOrdered(merged, patch, name, schema)
  for (const [name, value] of Object.entries(patch)) mergeMember(merged, name, value, schema)
  return merged
}

function replaceObject(directive: unknown, patch: Readonly<JsonObject>): JsonObject {
  if (directive === 'delete') return {}
  if (directive !== 'replace') throw unknownDirective(directive, patch)
  const { [patchDirective]: _directive, ...rest } = patch
  return rest
}

/** Drops what `$retainKeys` does not name, and the directive itself. */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = getOwn(patch, retainKeysDirective)
  if (keys === undefined) return original
  delete patch[retainKeysDirective]
  const stray = (name: string) =>
    patch[name] !== null && !name.startsWith(deleteFromPrimitiveList) && !name.startsWith(setElementOrder)
  if (!Array.isArray(keys) || Object.keys(patch).some((name) => stray(name) && !keys.includes(name)))
    throw new PatchError('invalid patch format of retainKeys', 400)
  for (const name of Object.keys(original)) if (!keys.includes(name)) delete original[name]
  return original
}

function mergeMember(merged: JsonObject, key: string, value: unknown, schema: ObjectSchema | undefined): void {
  if (key.startsWith(deleteFromPrimitiveList)) {
    deleteItems(merged, key.slice(deleteFromPrimitiveList.length), value)
    return
  }
  const original = getOwn(merged, key)
  if (value === null) delete merged[key]
  else if (isJsonObject(original) && isJsonObject(value)) {
    const rule = ruleOf(schema, key)
    setOwn(merged, key, rule.replaces ? value : mergeObject(original, value, rule.schema))
  } else if (Array.isArray(original) && Array.isArray(value)) {
    const rule = ruleOf(schema, key)
    setOwn(merged, key, rule.merges ? mergeList(original, value, rule) : value)
  } else {
    const kept = withoutDirectives(withoutNulls(value))
    if (kept === undefined) delete merged[key]
    else setOwn(merged, key, kept)
  }
}

function deleteItems(merged: JsonObject, key: string, items: unknown): void {
  const original = getOwn(merged, key)
  if (key === '') throw new PatchError('invalid patch format of primitive list', 400)
  if (Array.isArray(original) && Array.isArray(items)) merged[key] = original.filter((item) => !items.includes(item))
}

/** A list together with `$setElementOrder/<list>`, which says where its items stand. */
function mergeOrdered(merged: JsonObject, patch: JsonObject, name: string, schema: ObjectSchema | undefined): void {
  const order = patch[name]
  delete patch[name]
  const key = name.slice(setElementOrder.length)
  const rule = ruleOf(schema, key)
  const [original, given] = [listMember(merged, key), listMember(patch, key)]
  if (!Array.isArray(order)) throw badArgument('[]interface {}', order)
  assertSameOrder(given ?? [], order, rule.mergeKey)
  if (original === undefined && given === undefined) return
  delete patch[key]
  let items = original ?? (withoutDirectives(given) as unknown[])
  if (original !== undefined && given !== undefined) items = rule.merges ? mergeList(original, given, rule) : given
  merged[key] = inOrder({ items, order, original: original ?? [], mergeKey: rule.mergeKey })
}

function listMember(object: JsonObject, key: string): unknown[] | undefined {
  const value = getOwn(object, key)
  if (value === undefined || Array.isArray(value)) return value
  throw badArgument('[]interface {}', value)
}

/** The items of a patch stand in the order its `$setElementOrder` gives, deletions aside. */
function assertSameOrder(items: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  let at = 0
  const wanted = items.filter((item) => !(isJsonObject(item) && patchDirective in item))
  for (const place of order) {
    if (at === wanted.length) return
    if (sameItem(wanted[at], place, mergeKey)) at++
  }
  if (at < wanted.length && order.length > 0)
    throw new PatchError(
      `The order in patch list:\n${goText(items)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
      500,
    )
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], rule: PatchRule): unknown[] {
  if (original.length === 0 && patch.length === 0) return [...original]
  const ofObjects = assertOneKind([...original, ...patch])
  if (!ofObjects) {
    const items = [...new Set([...original, ...patch])]
    return inOrder({ items, order: patch, original, mergeKey: '' })
  }
  if (rule.mergeKey === '') throw new PatchError(`cannot merge lists without merge key for ${rule.path}`, 500)
  return mergeKeyedList(original as JsonObject[], patch as JsonObject[], rule)
}

function mergeKeyedList(original: readonly JsonObject[], patch: readonly JsonObject[], rule: PatchRule): unknown[] {
  const { mergeKey, schema } = rule
  const plain = patch.filter((item) => !(patchDirective in item))
  const items = patch.some((item) => item[patchDirective] === 'replace') ? [] : remaining(original, patch, mergeKey)
  if (items.length === 0 && plain.length < patch.length) return [...plain]
  const base = [...items]
  for (const item of plain) {
    if (!(mergeKey in item)) throw missingKey(item, mergeKey)
    const at = items.findIndex((candidate) => candidate[mergeKey] === item[mergeKey])
    if (at < 0) items.push(item)
    else items[at] = mergeObject(items[at]!, item, schema)
  }
  return inOrder({ items, order: plain, original: base, mergeKey })
}

/** Without the items that `$patch: delete` names. */
function remaining(original: readonly JsonObject[], patch: readonly JsonObject[], mergeKey: string): JsonObject[] {
  const deleted = new Set<unknown>()
  for (const item of patch) {
    const directive = item[patchDirective]
    if (directive === undefined || directive === 'replace') continue
    if (directive === 'merge') throw new PatchError('merging lists cannot yet be specified in the patch', 500)
    if (directive !== 'delete') throw unknownDirective(directive, item)
    if (!(mergeKey in item)) throw missingKey(item, mergeKey)
    deleted.add(item[mergeKey])
  }
  return original.filter((item) => !deleted.has(item[mergeKey]))
}

/**
 * Items that `order` names in its order, the others where they stood: both are merged by the places they had in
 * `original`, as normalizeElementOrder does.
 */
function inOrder(lists: {
  items: readonly unknown[]
  order: readonly unknown[]
  original: readonly unknown[]
  mergeKey: string
}): unknown[] {
  const { items, order, original, mergeKey } = lists
  const keyOf = (item: unknown) => (mergeKey === '' ? item : (item as JsonObject)[mergeKey])
  const places = (list: readonly unknown[]) => new Map(list.map((item, at) => [keyOf(item), at]))
  const [orderOf, originalOf] = [places(order), places(original)]
  const place = (item: unknown, of: Map<unknown, number>) => of.get(keyOf(item)) ?? -1
  const named = items.filter((item) => orderOf.has(keyOf(item))).sort((a, b) => place(a, orderOf) - place(b, orderOf))
  const others = items
    .filter((item) => !orderOf.has(keyOf(item)))
    .sort((a, b) => place(a, originalOf) - place(b, originalOf))
  const result: unknown[] = []
  let next = 0
  for (const item of named) {
    const at = place(item, originalOf)
    while (next < others.length && isBefore(place(others[next], originalOf), at)) result.push(others[next++])
    result.push(item)
  }
  return [...result, ...others.slice(next)]
}

/** Whether both places are known and the first is in front. */
const isBefore = (first: number, second: number) => first >= 0 && first < second

/** How the member `key` of a `schema` object is patched. */
function ruleOf(schema: ObjectSchema | undefined, key: string): PatchRule {
  const field = schema?.fields.get(key)
  if (schema === undefined || field === undefined)
    return { schema: undefined, merges: false, mergeKey: '', replaces: false, retainsKeys: false, path: key }
  return { ...strategyOf(field), schema: memberSchema(field.type), path: `${schema.name}.${key}` }
}

function strategyOf(field: FieldSchema): Pick<PatchRule, 'merges' | 'mergeKey' | 'replaces' | 'retainsKeys'> {
  const strategies = field.patchStrategy ?? []
  return {
    merges: strategies.includes('merge'),
    replaces: strategies.includes('replace'),
    retainsKeys: strategies.includes('retainKeys'),
    mergeKey: field.patchMergeKey ?? '',
  }
}

function memberSchema(type: FieldType): ObjectSchema | undefined {
  if (type.kind === 'list') return memberSchema(type.items)
  return type.kind === 'object' ? type.type : undefined
}

function sameItem(a: unknown, b: unknown, mergeKey: string): boolean {
  if (mergeKey === '') return a === b
  for (const item of [a, b]) {
    if (!isJsonObject(item)) throw badArgument('map[string]interface {}', item)
    if (!(mergeKey in item)) throw missingKey(item, mergeKey)
  }
  return (a as JsonObject)[mergeKey] === (b as JsonObject)[mergeKey]
}

/** Whether all items are objects; lists of lists and mixtures are refused. */
function assertOneKind(items: readonly unknown[]): boolean {
  const objects = items.filter(isJsonObject).length
  if (items.some(Array.isArray)) throw new PatchError('lists of lists are not supported', 422)
  if (objects === 0 || objects === items.length) return objects > 0
  throw new PatchError('list element types are not identical: map[string]interface {}', 500)
}

/** A new value without what only directs merging; `undefined` where it is a directive itself. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isJsonObject(value)) return value
  if (patchDirective in value) return undefined
  const kept: JsonObject = {}
  for (const [name, member] of Object.entries(value)) {
    const rest = withoutDirectives(member)
    if (rest !== undefined) setOwn(kept, name, rest)
  }
  return kept
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isJsonObject(value)) return value
  const kept: JsonObject = {}
  for (const [name, member] of Object.entries(value)) if (member !== null) setOwn(kept, name, withoutNulls(member))
  return kept
}

/**
 * The strategic merge patch that makes `modified` of `original`, with `$setElementOrder`, `$retainKeys` and deletions
 * as kubectl writes them. After CreateTwoWayMergePatch.
 */
export function createTwoWayStrategicMergePatch(
  original: Readonly<JsonObject>,
  modified: Readonly<JsonObject>,
  schema: ObjectSchema,
): JsonObject {
  return diffObject(original, modified, schema)
}

function diffObject(
  original: Readonly<JsonObject>,
  modified: Readonly<JsonObject>,
  schema: ObjectSchema | undefined,
): JsonObject {
  const patch: JsonObject = {}
  for (const name of Object.keys(original)) if (!Object.hasOwn(modified, name)) setOwn(patch, name, null)
  for (const [name, value] of Object.entries(modified)) {
    const before = getOwn(original, name)
    if (!jsonEqual(before, value)) diffMember({ patch, name, before, value, schema })
  }
  return patch
}

interface Difference {
  readonly patch: JsonObject
  readonly name: string
  readonly before: unknown
  readonly value: unknown
  readonly schema: ObjectSchema | undefined
}

function diffMember({ patch, name, before, value, schema }: Difference): void {
  const rule = ruleOf(schema, name)
  if (isJsonObject(before) && isJsonObject(value) && !rule.replaces) {
    setOwn(patch, name, diffRetaining(before, value, rule))
  } else if (Array.isArray(before) && Array.isArray(value) && rule.merges)
    diffList({ patch, name, before, value, rule })
  else setOwn(patch, name, value)
}

/** Where fields exclude each other, the patch says which ones stay. */
function diffRetaining(before: JsonObject, value: JsonObject, { schema, retainsKeys }: PatchRule): JsonObject {
  const patch = diffObject(before, value, schema)
  return retainsKeys ? { ...patch, [retainKeysDirective]: Object.keys(value).sort() } : patch
}

function diffList(lists: {
  patch: JsonObject
  name: string
  before: unknown[]
  value: unknown[]
  rule: PatchRule
}): void {
  const { patch, name, before, value, rule } = lists
  if (rule.mergeKey === '') {
    const added = value.filter((item) => !before.includes(item))
    const deleted = before.filter((item) => !value.includes(item))
    if (deleted.length > 0) patch[deleteFromPrimitiveList + name] = deleted
    if (added.length > 0) patch[name] = added
    if (value.length > 0) patch[setElementOrder + name] = value
    return
  }
  const items = diffItems(before as JsonObject[], value as JsonObject[], rule)
  if (items.length > 0) patch[name] = items
  if (value.length > 0)
    patch[setElementOrder + name] = (value as JsonObject[]).map((item) => ({ [rule.mergeKey]: item[rule.mergeKey] }))
}

function diffItems(before: readonly JsonObject[], value: readonly JsonObject[], rule: PatchRule): JsonObject[] {
  const { mergeKey } = rule
  const same = (list: readonly JsonObject[], item: JsonObject) =>
    list.find((other) => other[mergeKey] === item[mergeKey])
  const changed = value.flatMap((item) => {
    const old = same(before, item)
    if (old === undefined) return [item]
    return jsonEqual(old, item) ? [] : [{ ...diffRetaining(old, item, rule), [mergeKey]: item[mergeKey] }]
  })
  const deleted = before
    .filter((item) => same(value, item) === undefined)
    .map((item) => ({ [patchDirective]: 'delete', [mergeKey]: item[mergeKey] }))
  return [...changed, ...deleted]
}

function missingKey(item: JsonObject, mergeKey: string): PatchError {
  return new PatchError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`, 500)
}

function unknownDirective(directive: unknown, patch: Readonly<JsonObject>): PatchError {
  return new PatchError(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`, 500)
}

function badArgument(expected: string, actual: unknown): PatchError {
  const forms: Record<string, string> = { string: 'string', number: 'float64', boolean: 'bool' }
  const form = isJsonObject(actual) ? 'map[string]interface {}' : (forms[typeof actual] ?? '[]interface {}')
  return new PatchError(`expected a ${expected}, but received a ${form}`, 500)
}

/** Go's %v of a JSON value. */
function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isJsonObject(value)) return String(value)
  const members = Object.keys(value).sort()
  return `map[${members.map((name) => `${name}:${goText(value[name])}`).join(' ')}]`
}
