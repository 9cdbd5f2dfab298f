import { jsonText } from '../format-json.ts'
import { getOwn, setOwn } from '../own-member.ts'
import { isJsonObject, type JsonObject, jsonEqual, PatchError } from './patch-error.ts'

/** JSON patch (RFC 6902) with the error texts of evanphx/json-patch v4. */

export interface JsonPatchOperation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

/** As upstream's maxJSONPatchOperations. */
export const mostJsonPatchOperations = 10_000

/** What the values that `copy` operations add may take together, in characters: the largest body. */
const mostCopied = 3 * 1024 * 1024

/** Checks that `patch` is a list of operations. Throws PatchError with the text that follows `error decoding patch: `. */
export function readJsonPatch(patch: unknown): JsonPatchOperation[] {
  const target = 'of type []handlers.jsonPatchOp'
  if (!Array.isArray(patch))
    throw new PatchError(`json: cannot unmarshal ${formOf(patch)} into Go value ${target}`, 400)
  for (const operation of patch) {
    if (!isJsonObject(operation)) {
      const form = formOf(operation)
      throw new PatchError(`json: cannot unmarshal ${form} into Go value of type handlers.jsonPatchOp`, 400)
    }
    for (const name of ['op', 'path', 'from']) assertString(operation, name)
  }
  return patch
}

/** The patched document; `document` itself is not changed. Throws PatchError (422). */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const patched = { root: clone(document), copied: 0 }
  for (const operation of operations) {
    const apply = Object.hasOwn(appliers, operation.op) ? appliers[operation.op] : undefined
    if (apply === undefined) throw wrong(`Unexpected kind: ${operation.op}`)
    if (operation.path === undefined) throw wrong(`${operation.op} operation failed to decode path: missing value`)
    apply(patched, operation)
  }
  return patched.root
}

interface Patched {
  root: unknown
  copied: number
}

const appliers: Readonly<Record<string, (patched: Patched, operation: JsonPatchOperation) => void>> = {
  add(patched, { path, value }) {
    if (path === '') {
      patched.root = clone(value)
      return
    }
    const place = find(patched.root, path)
    if (place === undefined) throw wrong(`add operation does not apply: doc is missing path: "${path}": missing value`)
    within(`error in add for path: '${path}'`, () => place.add(clone(value)))
  },
  remove(patched, { path }) {
    const place = find(patched.root, path)
    if (place === undefined)
      throw wrong(`remove operation does not apply: doc is missing path: "${path}": missing value`)
    within(`error in remove for path: '${path}'`, () => place.remove())
  },
  replace(patched, { path, value }) {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw wrong('replace operation value must be object or array')
      patched.root = clone(value)
      return
    }
    const place = find(patched.root, path)
    if (place === undefined)
      throw wrong(`replace operation does not apply: doc is missing path: ${path}: missing value`)
    if (!place.exists()) throw wrong(`replace operation does not apply: doc is missing key: ${path}: missing value`)
    place.set(clone(value))
  },
  move(patched, { path, from }) {
    const source = findFrom(patched, 'move', from)
    const value = within(`error in move for path: '${path}'`, () => {
      const moved = source.get()
      source.remove()
      return moved
    })
    const target = find(patched.root, path)
    if (target === undefined)
      throw wrong(`move operation does not apply: doc is missing destination path: ${path}: missing value`)
    within(`error in move for path: '${path}'`, () => target.add(value))
  },
  copy(patched, { path, from }) {
    const source = findFrom(patched, 'copy', from)
    const value = within(`error in copy for from: '${from}'`, () => clone(source.get()))
    patched.copied += jsonText(value ?? null).length
    if (patched.copied > mostCopied)
      throw wrong(
        `Unable to complete the copy, the accumulated size increase of copy is ${patched.copied}, exceeding the limit ${mostCopied}`,
      )
    const target = find(patched.root, path)
    if (target === undefined)
      throw wrong(`copy operation does not apply: doc is missing destination path: ${path}: missing value`)
    within('error while adding value during copy', () => target.add(value))
  },
  test(patched, { path, value }) {
    if (path === '') {
      if (!jsonEqual(patched.root, value)) throw wrong(`testing value ${path} failed: test failed`)
      return
    }
    const place = find(patched.root, path)
    if (place === undefined) throw wrong(`test operation does not apply: is missing path: ${path}: missing value`)
    const found = within(`error in test for path: '${path}'`, () => place.get())
    if (!jsonEqual(found ?? null, value ?? null)) throw wrong(`testing value ${path} failed: test failed`)
  },
}

/** A member or item that a pointer names, whether it is there or not. */
interface Place {
  exists(): boolean
  get(): unknown
  set(value: unknown): void
  add(value: unknown): void
  remove(): void
}

function findFrom(patched: Patched, operation: string, from: string | undefined): Place {
  if (from === undefined)
    throw wrong(`${operation} operation failed to decode from: operation, missing from field: missing value`)
  const place = find(patched.root, from)
  if (place === undefined)
    throw wrong(`${operation} operation does not apply: doc is missing from path: ${from}: missing value`)
  return place
}

/** The place that a JSON pointer names, or `undefined` when what should hold it is missing. */
function find(root: unknown, pointer: string): Place | undefined {
  const [, ...parts] = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = parts.pop()
  if (last === undefined) return undefined
  let holder = root
  for (const part of parts) {
    if (Array.isArray(holder)) holder = holder[existingIndex(holder, part) ?? -1]
    else if (isJsonObject(holder)) holder = getOwn(holder, part)
    if (typeof holder !== 'object' || holder === null) return undefined
  }
  if (Array.isArray(holder)) return itemPlace(holder, last)
  return isJsonObject(holder) ? memberPlace(holder, last) : undefined
}

function memberPlace(object: JsonObject, name: string): Place {
  return {
    // As upstream, where a replaced member need not be there.
    exists: () => true,
    get: () => getOwn(object, name),
    set: (value) => setOwn(object, name, value),
    add: (value) => setOwn(object, name, value),
    remove: () => {
      if (!Object.hasOwn(object, name)) throw wrong(`Unable to remove nonexistent key: ${name}: missing value`)
      delete object[name]
    },
  }
}

function itemPlace(list: unknown[], key: string): Place {
  const index = () => {
    const number = parseIndex(key)
    if (number === undefined) throw wrong(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`)
    const existing = existingIndex(list, key)
    if (existing === undefined) throw invalidIndex(number)
    return existing
  }
  return {
    exists: () => existingIndex(list, key) !== undefined,
    get: () => list[index()],
    set: (value) => {
      list[index()] = value
    },
    add: (value) => addItem(list, key, value),
    remove: () => {
      list.splice(index(), 1)
    },
  }
}

function addItem(list: unknown[], key: string, value: unknown): void {
  if (key === '-') {
    list.push(value)
    return
  }
  const index = parseIndex(key)
  if (index === undefined) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`
    throw wrong(`value was not a proper array index: '${key}': ${why}`)
  }
  const size = list.length + 1
  if (index >= size || index < -size) throw invalidIndex(index)
  list.splice(index < 0 ? index + size : index, 0, value)
}

/** Negative indexes count from the end, as upstream takes them. */
function existingIndex(list: readonly unknown[], key: string): number | undefined {
  const index = parseIndex(key)
  if (index === undefined || index >= list.length || index < -list.length) return undefined
  return index < 0 ? index + list.length : index
}

function parseIndex(key: string): number | undefined {
  return /^[-+]?[0-9]{1,15}$/.test(key) ? Number(key) : undefined
}

function within<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    throw wrong(`${what}: ${error.message}`)
  }
}

const wrong = (message: string) => new PatchError(message, 422)

const invalidIndex = (index: number) => wrong(`Unable to access invalid index: ${index}: invalid index referenced`)

function assertString(operation: JsonObject, name: string): void {
  const value = getOwn(operation, name)
  if (value === undefined || value === null || typeof value === 'string') return
  const field = `Go struct field jsonPatchOp.${name} of type string`
  throw new PatchError(`json: cannot unmarshal ${formOf(value)} into ${field}`, 400)
}

function formOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function clone(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(clone)
  const copy: JsonObject = {}
  for (const [name, member] of Object.entries(value)) setOwn(copy, name, clone(member))
  return copy
}
