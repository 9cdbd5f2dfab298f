import { setOwn } from '../own-member.ts'
import { isJsonObject, type JsonObject, PatchError } from './patch-error.ts'

/** JSON merge patch (RFC 7386). `original` is not changed; what the patch leaves alone is shared. Throws PatchError. */
export function applyMergePatch(original: Readonly<JsonObject>, patch: unknown): JsonObject {
  if (!isJsonObject(patch)) throw new PatchError('Invalid JSON Patch', 400)
  return mergeObject(original, patch)
}

function mergeObject(original: Readonly<JsonObject>, patch: Readonly<JsonObject>): JsonObject {
  const merged: JsonObject = {}
  for (const [name, value] of Object.entries(original)) {
    if (!Object.hasOwn(patch, name)) setOwn(merged, name, value)
    else if (patch[name] !== null) setOwn(merged, name, mergeValue(value, patch[name]))
  }
  for (const [name, value] of Object.entries(patch))
    if (value !== null && !Object.hasOwn(original, name)) setOwn(merged, name, mergeValue(undefined, value))
  return merged
}

/** Nulls in what is new mean nothing and go, though not from lists. */
function mergeValue(original: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  return mergeObject(isJsonObject(original) ? original : {}, patch)
}

/** The merge patch that makes `modified` of `original`. After evanphx/json-patch CreateMergePatch. */
export function createMergePatch(original: Readonly<JsonObject>, modified: Readonly<JsonObject>): JsonObject {
  const patch: JsonObject = {}
  for (const name of Object.keys(original)) if (!Object.hasOwn(modified, name)) setOwn(patch, name, null)
  for (const [name, value] of Object.entries(modified)) {
    const before = Object.hasOwn(original, name) ? original[name] : undefined
    if (isJsonObject(before) && isJsonObject(value)) {
      const inner = createMergePatch(before, value)
      if (Object.keys(inner).length > 0) setOwn(patch, name, inner)
    } else if (JSON.stringify(before) !== JSON.stringify(value)) setOwn(patch, name, value)
  }
  return patch
}
