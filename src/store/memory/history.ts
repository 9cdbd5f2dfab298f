import type { Change, Revision } from '../store.ts'
import { sizeOf } from './live-state.ts'

export interface HistoryLimits {
  readonly maxChanges: number
  readonly maxBytes: number
}

/** What part of its limits the history keeps once it is over one of them. */
const keptWhenOver = 7 / 8

/** The last changes in revision order, for watches that start in the past. Bounded in number and bytes. */
export class History {
  /** Sorted by revision. What stands before `#start` is dropped already and waits for the next tidying. */
  #changes: Change[] = []
  #start = 0
  #bytes = 0

  get length(): number {
    return this.#changes.length - this.#start
  }

  append(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#changes.push(change)
      this.#bytes += sizeOf(change.entry)
    }
  }

  /** The changes after `revision` whose keys begin with `prefix`. */
  after(revision: Revision, prefix: string): Change[] {
    const found: Change[] = []
    for (let index = this.#indexAfter(revision); index < this.#changes.length; index++) {
      const change = this.#changes[index]!
      if (change.key.startsWith(prefix)) found.push(change)
    }
    return found
  }

  /** Forgets everything up to and including `revision`. */
  dropThrough(revision: Revision): void {
    this.#dropBefore(this.#indexAfter(revision))
  }

  /** The revision through which changes have to be forgotten to keep the limits; undefined while they are kept. */
  excess(limits: HistoryLimits): Revision | undefined {
    if (this.length <= limits.maxChanges && this.#bytes <= limits.maxBytes) return undefined
    // More than is over the limit, or else every further change would mean another compaction.
    const maxChanges = Math.floor(limits.maxChanges * keptWhenOver)
    const maxBytes = limits.maxBytes * keptWhenOver
    let bytes = this.#bytes
    let index = this.#start
    while (index < this.#changes.length && (this.#changes.length - index > maxChanges || bytes > maxBytes)) {
      bytes -= sizeOf(this.#changes[index++]!.entry)
    }
    return this.#changes[index - 1]!.revision
  }

  clear(): void {
    this.#changes = []
    this.#start = 0
    this.#bytes = 0
  }

  #dropBefore(index: number): void {
    for (let dropped = this.#start; dropped < index; dropped++) this.#bytes -= sizeOf(this.#changes[dropped]!.entry)
    this.#start = index
    // Moving the rest down only once half of the array is dead keeps the cost of a drop constant on average.
    if (this.#start * 2 < this.#changes.length) return
    this.#changes = this.#changes.slice(this.#start)
    this.#start = 0
  }

  /** The first index whose change is newer than `revision`. */
  #indexAfter(revision: Revision): number {
    let low = this.#start
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#changes[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}
