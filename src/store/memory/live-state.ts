import sortedBtree from 'sorted-btree'
import type { Entry, Revision, Snapshot } from '../store.ts'

const { default: BTree } = sortedBtree
type Tree = InstanceType<typeof BTree<string, Entry>>

/** Every live key, sorted. Snapshots share its nodes and copy only what is written after them (copy on write). */
export class LiveState {
  readonly #tree: Tree = new BTree<string, Entry>(undefined, compareKeys)
  /** The snapshot of this very state, kept until the next write so that many readers share one. */
  #snapshot: Snapshot | undefined
  #liveBytes = 0

  /** Bytes of keys and values. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  get size(): number {
    return this.#tree.size
  }

  get(key: string): Entry | undefined {
    return this.#tree.get(key)
  }

  /** Puts `entry` in the place of the key's present one, which is returned. */
  put(entry: Entry): Entry | undefined {
    const previous = this.#tree.get(entry.key)
    this.#tree.set(entry.key, entry)
    this.#changed(sizeOf(entry) - (previous ? sizeOf(previous) : 0))
    return previous
  }

  /** Removes the key and returns its last entry. */
  delete(key: string): Entry | undefined {
    const previous = this.#tree.get(key)
    if (!previous) return undefined
    this.#tree.delete(key)
    this.#changed(-sizeOf(previous))
    return previous
  }

  /** The state as it is now, named `revision`. Costs nothing until the next write. */
  snapshot(revision: Revision): Snapshot {
    if (this.#snapshot?.revision !== revision) this.#snapshot = new TreeSnapshot(this.#tree.clone(), revision)
    return this.#snapshot
  }

  #changed(bytes: number): void {
    this.#snapshot = undefined
    this.#liveBytes += bytes
  }
}

class TreeSnapshot implements Snapshot {
  readonly revision: Revision
  readonly #tree: Tree

  constructor(tree: Tree, revision: Revision) {
    this.#tree = tree
    this.revision = revision
  }

  get(key: string): Entry | undefined {
    return this.#tree.get(key)
  }

  *range(start: string, end: string): Iterable<Entry> {
    for (const [key, entry] of this.#tree.entries(start)) {
      if (key >= end) return
      yield entry
    }
  }

  slice(start: string, end: string, limit: number): Entry[] {
    const found: Entry[] = []
    if (start >= end || limit <= 0) return found
    this.#tree.forRange(start, end, false, (_key, entry) => {
      found.push(entry)
      return found.length < limit ? undefined : { break: found.length }
    })
    return found
  }

  count(start: string, end: string): number {
    return start >= end ? 0 : this.#tree.forRange(start, end, false)
  }
}

/** What an entry takes: its key (ASCII, so a byte a character) and its value. */
export function sizeOf({ key, value }: { readonly key: string; readonly value: Uint8Array }): number {
  return key.length + value.byteLength
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
