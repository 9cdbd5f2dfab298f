import { memberSchema, type StructuralSchema } from './structural-schema.ts'
import { equalJson, isJsonObject, type JsonObject } from './values.ts'

/**
 * A value of an update beside the value it replaces, and the way down both: members by name, items of lists of type
 * map by their keys. Other lists have no items that correlate. Answers are kept, since a failed value is compared at
 * every level above it. After apiserver pkg/cel/common equality.go.
 */
export class Correlation {
  readonly value: unknown
  readonly old: unknown
  readonly #schema: StructuralSchema
  readonly #children = new Map<string | number, Correlation | undefined>()
  #oldItems: ReadonlyMap<string, unknown> | undefined
  #unchanged: boolean | undefined

  constructor(value: unknown, old: unknown, schema: StructuralSchema) {
    this.value = value
    this.old = old
    this.#schema = schema
  }

  /** The member `name`; `undefined` when one side has none, or the schema does not know it. */
  member(name: string): Correlation | undefined {
    return this.#child(name, () => {
      const schema = memberSchema(this.#schema, name)
      if (!isJsonObject(this.value) || !isJsonObject(this.old) || schema === undefined) return undefined
      if (!Object.hasOwn(this.value, name) || !Object.hasOwn(this.old, name)) return undefined
      return new Correlation(this.value[name], this.old[name], schema)
    })
  }

  /** The item at `index` of the new list beside the old one with the same keys. */
  item(index: number): Correlation | undefined {
    return this.#child(index, () => {
      const { items } = this.#schema
      if (!Array.isArray(this.value) || items === undefined) return undefined
      const key = itemKey(this.value[index], this.#schema.listMapKeys)
      const old = key === undefined ? undefined : this.#itemsByKey().get(key)
      return old === undefined ? undefined : new Correlation(this.value[index], old, items)
    })
  }

  /** Whether both are the same, the order of lists of type map apart. */
  get isUnchanged(): boolean {
    this.#unchanged ??= this.#compare()
    return this.#unchanged
  }

  #compare(): boolean {
    const { value, old } = this
    if (Array.isArray(value) && Array.isArray(old)) return this.#compareLists(value, old)
    if (isJsonObject(value) && isJsonObject(old)) {
      const names = Object.keys(value)
      return names.length === Object.keys(old).length && names.every((name) => this.member(name)?.isUnchanged ?? false)
    }
    return equalJson(value, old)
  }

  #compareLists(value: readonly unknown[], old: readonly unknown[]): boolean {
    if (value.length !== old.length) return false
    if (this.#schema.listType !== 'map') return equalJson(value, old)
    return value.every((_, index) => this.item(index)?.isUnchanged ?? false)
  }

  #itemsByKey(): ReadonlyMap<string, unknown> {
    this.#oldItems ??=
      this.#schema.listType === 'map' && Array.isArray(this.old) ? byKey(this.old, this.#schema) : new Map()
    return this.#oldItems
  }

  #child(key: string | number, make: () => Correlation | undefined): Correlation | undefined {
    if (!this.#children.has(key)) this.#children.set(key, make())
    return this.#children.get(key)
  }
}

/** The first item of each key. */
function byKey(items: readonly unknown[], { listMapKeys }: StructuralSchema): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const item of items) {
    const key = itemKey(item, listMapKeys)
    if (key !== undefined && !found.has(key)) found.set(key, item)
  }
  return found
}

/** The values of the keys as one text; `undefined` when one is missing or no scalar. */
export function itemKey(item: unknown, keys: readonly string[]): string | undefined {
  if (!isJsonObject(item) || keys.length === 0) return undefined
  const parts = keys.map((key) => scalarText(item, key))
  return parts.includes(undefined) ? undefined : parts.join('\0')
}

function scalarText(item: JsonObject, key: string): string | undefined {
  const value = Object.hasOwn(item, key) ? item[key] : undefined
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? String(value)
    : undefined
}
