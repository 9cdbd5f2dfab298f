import { jsonText } from '../format-json.ts'

/**
 * A set of places in an object, as a tree of path elements in their FieldsV1 form: `f:name`, `k:{"name":"a"}`,
 * `v:"x"`, `i:0`. After sigs.k8s.io/structured-merge-diff v6 fieldpath. Sets are not changed once shared.
 */
export class FieldSet {
  /** Whether the place itself belongs to the set; what lies below it belongs only where it is a member too. */
  member = false
  readonly children = new Map<string, FieldSet>()

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0
  }

  /** The set below `element`, made when it is not there. */
  descend(element: string): FieldSet {
    const known = this.children.get(element)
    if (known !== undefined) return known
    const made = new FieldSet()
    this.children.set(element, made)
    return made
  }

  insert(element: string): void {
    this.descend(element).member = true
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member || other.member
    for (const [element, child] of this.children) {
      const same = other.children.get(element)
      result.children.set(element, same === undefined ? child : child.union(same))
    }
    for (const [element, child] of other.children) if (!this.children.has(element)) result.children.set(element, child)
    return result
  }

  difference(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member && !other.member
    for (const [element, child] of this.children) {
      const same = other.children.get(element)
      const rest = same === undefined ? child : child.difference(same)
      if (!rest.isEmpty) result.children.set(element, rest)
    }
    return result
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member && other.member
    for (const [element, child] of this.children) {
      const same = other.children.get(element)
      const shared = same === undefined ? undefined : child.intersection(same)
      if (shared !== undefined && !shared.isEmpty) result.children.set(element, shared)
    }
    return result
  }

  /** Without the place at `path` and all below it. */
  without(path: readonly string[]): FieldSet {
    const [first, ...rest] = path
    const child = first === undefined ? undefined : this.children.get(first)
    if (child === undefined) return this
    const result = new FieldSet()
    result.member = this.member
    for (const [element, other] of this.children) if (other !== child) result.children.set(element, other)
    const kept = rest.length === 0 ? new FieldSet() : child.without(rest)
    if (!kept.isEmpty) result.children.set(first!, kept)
    return result
  }

  /** The text of each member, as conflicts show it: `.spec.containers[name="a"].image`. */
  paths(prefix = ''): string[] {
    const own = this.member ? [prefix] : []
    return [...own, ...this.#sorted().flatMap(([element, child]) => child.paths(prefix + elementText(element)))]
  }

  /** The FieldsV1 form of the set's children. */
  toFieldsV1(): Record<string, unknown> {
    const fields: Record<string, unknown> = {}
    if (this.member && this.children.size > 0) fields['.'] = {}
    for (const [element, child] of this.#sorted()) fields[element] = child.toFieldsV1()
    return fields
  }

  static fromFieldsV1(fields: Readonly<Record<string, unknown>>): FieldSet {
    const set = new FieldSet()
    for (const [element, below] of Object.entries(fields)) {
      if (element === '.') {
        set.member = true
        continue
      }
      const child = FieldSet.fromFieldsV1(typeof below === 'object' && below !== null ? { ...below } : {})
      if (child.children.size === 0) child.member = true
      set.children.set(element, child)
    }
    return set
  }

  #sorted(): [string, FieldSet][] {
    return [...this.children].sort(([a], [b]) => compareElements(a, b))
  }
}

const elementOrder = 'fkvi'

function compareElements(a: string, b: string): number {
  if (a[0] !== b[0]) return elementOrder.indexOf(a[0]!) - elementOrder.indexOf(b[0]!)
  return a < b ? -1 : a > b ? 1 : 0
}

/** As structured-merge-diff prints an element: `.name`, `[name="a"]`, `[="x"]`, `[0]`. */
export function elementText(element: string): string {
  const value = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${value}`
    case 'k': {
      const keys = Object.entries(JSON.parse(value) as Record<string, unknown>)
      return `[${keys.map(([name, key]) => `${name}=${jsonText(key)}`).join(',')}]`
    }
    case 'v':
      return `[=${value}]`
    default:
      return `[${value}]`
  }
}
