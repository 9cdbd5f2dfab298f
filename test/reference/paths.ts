/** The value at `a.b[0].c`, `list[type=Ready].status` or `a['key.with.dots']`; `undefined` when there is none. */
export function valueAt(value: unknown, path: string): unknown {
  let at = value
  for (const [, name, quoted, index, key, wanted] of path.matchAll(
    /([^.[\]]+)(?![^[]*'\])|\['([^']*)'\]|\[(\d+)\]|\[([\w.]+)=([^\]]*)\]/g,
  )) {
    if (at === undefined || at === null) return undefined
    if (index !== undefined) at = (at as unknown[])[Number(index)]
    else if (key !== undefined) {
      at = Array.isArray(at) ? at.find((item: Record<string, unknown>) => item[key] === wanted) : undefined
    } else at = (at as Record<string, unknown>)[quoted ?? name!]
  }
  return at
}
