/** Maps whose names clients choose: `constructor` is a name like any other there, and `__proto__` too. */

/** The member itself, never one that all objects inherit. */
export function getOwn<T>(map: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined
}

/** Sets a member as data, whatever its name. */
export function setOwn<T>(map: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__')
    Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true })
  else map[name] = value
}
