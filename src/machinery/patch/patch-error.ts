/** A patch that cannot be read or does not apply; the message is upstream's. */
export class PatchError extends Error {
  /** 400: the patch is malformed. 422: it does not fit the object. 500: what upstream answers without a code. */
  readonly code: 400 | 422 | 500

  constructor(message: string, code: 400 | 422 | 500, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type JsonObject = { [name: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether two JSON values are the same; the order of members does not count. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEqual(item, b[index]))
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => Object.hasOwn(b, name) && jsonEqual(a[name], b[name]))
}
