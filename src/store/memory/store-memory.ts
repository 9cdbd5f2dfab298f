import type { Clock, Timer } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Change, Entry, Revision, Snapshot, WatchOptions, WatchResult } from '../store.ts'
import { History } from './history.ts'
import { LiveState } from './live-state.ts'
import { WatchHub } from './watch-hub.ts'

/** How much of the past is kept for watches. Whichever limit is met first counts. */
export interface Retention {
  /** Changes are kept at least this long, unless another limit drops them, and at most twice as long. */
  readonly ageMs: number
  readonly maxChanges: number
  /** Bytes of past changes; half of the live bytes where that is more, so that the file stays near its live data. */
  readonly maxBytes: number
}

export const defaultRetention: Retention = { ageMs: 5 * 60_000, maxChanges: 100_000, maxBytes: 16 * 2 ** 20 }

export interface StoreMemoryOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly retention: Retention
  readonly progressIntervalMs: number
  /** Called when the past up to `revision` was dropped here, so that the engine may drop it too. */
  readonly onCompacted: (revision: Revision) => void
}

/** One write as the engine made it durable. */
export interface DurableWrite {
  readonly key: string
  /** `undefined`: the key was deleted. */
  readonly value: Uint8Array | undefined
  readonly revision: Revision
  readonly attachment?: unknown
}

/** What every engine keeps in memory: the live state, a window of the past, and the watchers. */
export class StoreMemory {
  readonly #options: StoreMemoryOptions
  readonly #live = new LiveState()
  readonly #history = new History()
  readonly #hub: WatchHub
  #revision: Revision = 0
  #compactRevision: Revision = 0
  /** The past up to here is dropped when the retention timer fires next. */
  #agedRevision: Revision = 0
  #retentionTimer: Timer | undefined

  constructor(options: StoreMemoryOptions) {
    this.#options = options
    this.#hub = new WatchHub(options)
  }

  get revision(): Revision {
    return this.#revision
  }

  get compactRevision(): Revision {
    return this.#compactRevision
  }

  get keys(): number {
    return this.#live.size
  }

  get liveBytes(): number {
    return this.#live.liveBytes
  }

  get(key: string): Entry | undefined {
    return this.#live.get(key)
  }

  snapshot(): Snapshot {
    return this.#live.snapshot(this.#revision)
  }

  watch(options: WatchOptions): WatchResult {
    if (options.after < this.#compactRevision) {
      return { ok: false, reason: 'Compacted', compactRevision: this.#compactRevision }
    }
    const missed = this.#history.after(options.after, options.prefix)
    return { ok: true, cancel: this.#hub.add(options, missed, this.#revision) }
  }

  /** Puts an entry of the past before anything is served: live, but not a change that a watch could see. */
  load(entry: Entry): void {
    this.#live.put(entry)
    this.#revision = Math.max(this.#revision, entry.revision)
  }

  /** Sets the revisions after loading. Neither goes back. */
  startAt({ revision, compactRevision }: { revision: Revision; compactRevision: Revision }): void {
    this.#revision = Math.max(this.#revision, revision)
    this.#compactRevision = Math.max(this.#compactRevision, compactRevision)
  }

  /** Makes durable writes visible, all at once, then tells the watchers. In revision order. */
  commit(writes: readonly DurableWrite[], revision: Revision): Change[] {
    const changes: Change[] = []
    for (const write of writes) {
      const change = this.#apply(write)
      if (change) changes.push(change)
    }
    this.#revision = Math.max(this.#revision, revision)
    this.#history.append(changes)
    this.#hub.dispatch(changes, this.#revision)
    this.#retain()
    return changes
  }

  /** Drops the past up to `revision`. Watches that run are not affected. */
  compact(revision: Revision): void {
    const target = Math.min(revision, this.#revision)
    if (target <= this.#compactRevision) return
    this.#history.dropThrough(target)
    this.#compactRevision = target
    this.#options.onCompacted(target)
  }

  /** Ends every watch; the next must start at this revision or later. For engines that lost history. */
  loseHistory(reason: Error): void {
    this.#history.clear()
    this.#compactRevision = this.#revision
    this.#hub.endAll(reason)
  }

  /** Removes a key without a change that a watch could see, as `load` puts one. */
  forget(key: string): void {
    this.#live.delete(key)
  }

  close(reason: Error): void {
    this.#retentionTimer?.cancel()
    this.#retentionTimer = undefined
    this.#hub.endAll(reason)
  }

  #apply({ key, value, revision, attachment }: DurableWrite): Change | undefined {
    if (value === undefined) {
      const gone = this.#live.delete(key)
      return gone && { type: 'delete', key, revision, entry: gone, previous: undefined }
    }
    const createRevision = this.#live.get(key)?.createRevision ?? revision
    const entry: Entry = { key, value, revision, createRevision, attachment }
    return { type: 'put', key, revision, entry, previous: this.#live.put(entry) }
  }

  #retain(): void {
    const { maxChanges, maxBytes, ageMs } = this.#options.retention
    const excess = this.#history.excess({ maxChanges, maxBytes: Math.max(maxBytes, this.#live.liveBytes / 2) })
    if (excess !== undefined) this.compact(excess)
    if (this.#retentionTimer || this.#compactRevision >= this.#revision) return
    this.#retentionTimer = this.#options.clock.setTimer(ageMs, () => this.#dropAged()).unref()
  }

  /** Runs only while there is a past to drop, so that an idle store has no timer. */
  #dropAged(): void {
    this.#retentionTimer = undefined
    this.compact(this.#agedRevision)
    this.#agedRevision = this.#revision
    this.#retain()
  }
}
