/**
 * What expressions compute with. After cel-go common/types v0.26.
 *
 * bool, string and null are JavaScript's; int is a bigint within 64 bits, double a number. A failure is a value too,
 * since `||` and `&&` may absorb it.
 */

import type { CelType } from './types.ts'

export type CelScalar = boolean | bigint | number | string | Unsigned

export type CelValue =
  | CelScalar
  | null
  | Bytes
  | Timestamp
  | Duration
  | CelList
  | CelMap
  | Optional
  | TypeValue
  | Opaque
  | Failure

/** Why an expression has no value. */
export class Failure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export class Unsigned {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }
}

export class Bytes {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** A point in time, in nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** In nanoseconds, within 64 bits. */
export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Optional {
  readonly value: CelValue | undefined

  constructor(value?: CelValue) {
    this.value = value
  }
}

/** A type as a value: `type(1) == int`. */
export class TypeValue {
  readonly type: CelType

  constructor(type: CelType) {
    this.type = type
  }
}

/** A value of a library: a quantity, an address, an authorizer. */
export abstract class Opaque {
  abstract readonly type: CelType
  /** For costs, where it has one. */
  readonly size: number | undefined = undefined
  /** Of a named format: the longest its pattern can be. */
  readonly patternSize: number | undefined = undefined

  /** Whether both are the same, for `==`. */
  abstract equals(other: CelValue): boolean | Failure

  /** As `%v` shows it. */
  abstract toString(): string
}

/** A list; elements are converted when they are asked for. */
export abstract class CelList {
  abstract readonly size: number

  /** `index` is within bounds. */
  abstract at(index: number): CelValue

  abstract concat(other: CelList): CelList | Failure

  /** Undefined where elements compare one by one, in order. */
  equals(_other: CelList): boolean | Failure | undefined {
    return undefined
  }
}

export abstract class CelMap {
  abstract readonly size: number

  /** Of what an expression made as `Name{field: value}`; absent for all other maps. */
  readonly constructedType: CelType | undefined = undefined

  /** Undefined where there is no such key. Failure where `key` cannot be one. */
  abstract find(key: CelValue): CelValue | undefined

  abstract keys(): Iterable<CelValue>

  /** Undefined where entries compare one by one. */
  equals(_other: CelMap): boolean | Failure | undefined {
    return undefined
  }
}

/** A list of values. Appending to the newest of several lists over one array costs only the new elements. */
export class ValueList extends CelList {
  readonly size: number
  /** Shared between lists that grew from each other; what lies past `size` belongs to a longer one. */
  readonly #values: CelValue[]

  constructor(values: CelValue[], size = values.length) {
    super()
    this.#values = values
    this.size = size
  }

  at(index: number): CelValue {
    return this.#values[index]!
  }

  concat(other: CelList): CelList {
    const values = this.#values.length === this.size ? this.#values : this.#values.slice(0, this.size)
    for (let index = 0; index < other.size; index++) values.push(other.at(index))
    return new ValueList(values)
  }
}

/** A map of values, in the order of insertion. */
export class ValueMap extends CelMap {
  readonly size: number
  /** Shared between maps that grew from each other; entries numbered `size` and above belong to a larger one. */
  readonly #entries: Map<string, MapEntryValue>

  private constructor(entries: Map<string, MapEntryValue>, size: number) {
    super()
    this.#entries = entries
    this.size = size
  }

  /** Later entries win. Keys must be such that `mapKey` takes them. */
  static of(entries: Iterable<readonly [CelValue, CelValue]>): ValueMap {
    const byKey = new Map<string, MapEntryValue>()
    for (const [key, value] of entries) {
      const text = mapKey(key)!
      byKey.set(text, { number: byKey.get(text)?.number ?? byKey.size, key, value })
    }
    return new ValueMap(byKey, byKey.size)
  }

  find(key: CelValue): CelValue | undefined {
    const text = mapKey(key)
    const entry = text === undefined ? undefined : this.#entries.get(text)
    return entry !== undefined && entry.number < this.size ? entry.value : undefined
  }

  *keys(): Iterable<CelValue> {
    for (const { key, number } of this.#entries.values()) if (number < this.size) yield key
  }

  /** A map with one entry more; undefined where the key is there already. */
  with(key: CelValue, value: CelValue): ValueMap | undefined {
    const text = mapKey(key)!
    if (this.find(key) !== undefined) return undefined
    const entries = this.#entries.size === this.size ? this.#entries : this.#ownEntries()
    entries.set(text, { number: this.size, key, value })
    return new ValueMap(entries, this.size + 1)
  }

  #ownEntries(): Map<string, MapEntryValue> {
    return new Map([...this.#entries].filter(([, { number }]) => number < this.size))
  }
}

interface MapEntryValue {
  readonly number: number
  readonly key: CelValue
  readonly value: CelValue
}

/** One text for all keys that are equal, numbers of different types included. Undefined: no key can equal it. */
export function mapKey(key: CelValue): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`
    case 'bigint':
      return `n${key}`
    case 'boolean':
      return `b${key}`
    case 'number':
      return Number.isInteger(key) ? `n${BigInt(key)}` : undefined
    default:
      return key instanceof Unsigned ? `n${key.value}` : undefined
  }
}
