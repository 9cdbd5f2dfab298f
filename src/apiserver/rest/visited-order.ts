import { isJsonObject, type JsonObject } from '../../machinery/patch/patch-error.ts'

/**
 * A patched document in the order upstream writes it: Go's patch library reads the objects a patch goes into as maps,
 * which it writes with their keys in order, and leaves all others as they were.
 */
export function inVisitedOrder(patched: unknown, visited: unknown): unknown {
  if (Array.isArray(patched)) {
    const inner = isJsonObject(visited) ? visited : {}
    return patched.map((item, index) => (String(index) in inner ? inVisitedOrder(item, inner[String(index)]) : item))
  }
  if (!isJsonObject(patched) || !isJsonObject(visited)) return patched
  const keys = Object.keys(patched).sort()
  return Object.fromEntries(keys.map((key) => [key, inVisitedOrder(patched[key], visited[key])]))
}

/** Where a JSON patch goes: an object for each object on the way to what it changes. */
export function visitedBy(operations: readonly unknown[]): JsonObject {
  const visited: JsonObject = {}
  for (const operation of operations) {
    const { path, from } = operation as { path?: unknown; from?: unknown }
    for (const pointer of [path, from]) if (typeof pointer === 'string') visit(visited, pointer)
  }
  return visited
}

function visit(visited: JsonObject, pointer: string): void {
  let at = visited
  for (const step of pointer.split('/').slice(1, -1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const next = Object.hasOwn(at, name) ? at[name] : undefined
    const inner: JsonObject = isJsonObject(next) ? next : {}
    Object.defineProperty(at, name, { value: inner, enumerable: true, configurable: true, writable: true })
    at = inner
  }
}
