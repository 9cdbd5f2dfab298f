import type { Clock, Timer } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Change, Revision, WatchOptions } from '../store.ts'
import { StoreError } from '../store-error.ts'

interface Watcher {
  readonly options: WatchOptions
  /** The last revision the watcher was told of. */
  toldRevision: Revision
  active: boolean
}

export interface WatchHubOptions {
  readonly clock: Clock
  readonly log: Logger
  /** The least time between two `onProgress` of a watcher. */
  readonly progressIntervalMs: number
}

/**
 * Hands changes to watchers, which are indexed by prefix: a change costs one look-up for each distinct length of
 * prefix, however many watchers there are, and watchers of the same prefix share one array.
 */
export class WatchHub {
  readonly #options: WatchHubOptions
  readonly #byPrefix = new Map<string, Set<Watcher>>()
  /** How many distinct prefixes there are of each length, by ascending length. */
  #prefixLengths: { length: number; prefixes: number }[] = []
  #revision: Revision = 0
  #progressTimer: Timer | undefined

  constructor(options: WatchHubOptions) {
    this.#options = options
  }

  /** Delivers `missed` at once, then whatever is dispatched. `revision` is the one that `missed` ends at. */
  add(options: WatchOptions, missed: readonly Change[], revision: Revision): () => void {
    const watcher: Watcher = { options, toldRevision: Math.max(options.after, revision), active: true }
    const group = this.#byPrefix.get(options.prefix)
    if (group) group.add(watcher)
    else {
      this.#byPrefix.set(options.prefix, new Set([watcher]))
      this.#countLength(options.prefix.length, 1)
    }
    if (missed.length > 0) this.#deliver(watcher, missed)
    return () => this.#remove(watcher)
  }

  /** Tells every watcher of `changes`, which end at `revision`. They must be visible to reads already. */
  dispatch(changes: readonly Change[], revision: Revision): void {
    this.#revision = revision
    // Whom to tell is settled first: a watcher added by a callback has had these changes from history.
    const deliveries: { watchers: Watcher[]; changes: Change[] }[] = []
    for (const [prefix, batch] of this.#byMatchingPrefix(changes)) {
      deliveries.push({ watchers: [...this.#byPrefix.get(prefix)!], changes: batch })
    }
    for (const { watchers, changes: batch } of deliveries) {
      for (const watcher of watchers) this.#deliver(watcher, batch)
    }
    this.#scheduleProgress()
  }

  /** Ends every watch. Watchers that come later are served. */
  endAll(reason: Error): void {
    this.#progressTimer?.cancel()
    this.#progressTimer = undefined
    const watchers = [...this.#byPrefix.values()].flatMap((group) => [...group])
    this.#byPrefix.clear()
    this.#prefixLengths = []
    for (const watcher of watchers) this.#end(watcher, reason)
  }

  #byMatchingPrefix(changes: readonly Change[]): Map<string, Change[]> {
    const batches = new Map<string, Change[]>()
    for (const change of changes) {
      for (const { length } of this.#prefixLengths) {
        if (length > change.key.length) break
        const prefix = change.key.slice(0, length)
        const batch = batches.get(prefix)
        if (batch) batch.push(change)
        else if (this.#byPrefix.has(prefix)) batches.set(prefix, [change])
      }
    }
    return batches
  }

  #deliver(watcher: Watcher, batch: readonly Change[]): void {
    if (!watcher.active) return
    // A watch may start at a revision that does not exist yet.
    const { after } = watcher.options
    const changes = batch[0]!.revision > after ? batch : batch.filter(({ revision }) => revision > after)
    if (changes.length === 0) return
    watcher.toldRevision = Math.max(watcher.toldRevision, changes[changes.length - 1]!.revision)
    this.#guard(watcher, () => watcher.options.onChanges(changes))
  }

  /** A watcher that throws is cut off: neither the others nor the write that was just made may suffer. */
  #guard(watcher: Watcher, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#options.log.error('a watcher failed and was cut off', { prefix: watcher.options.prefix, error })
      this.#remove(watcher)
      watcher.options.onEnd?.(new StoreError('WatcherFailed', 'The watcher threw.', { cause: error }))
    }
  }

  #end(watcher: Watcher, reason: Error): void {
    if (!watcher.active) return
    watcher.active = false
    try {
      watcher.options.onEnd?.(reason)
    } catch (error) {
      this.#options.log.error('a watcher failed while it was ended', { prefix: watcher.options.prefix, error })
    }
  }

  #remove(watcher: Watcher): void {
    watcher.active = false
    const { prefix } = watcher.options
    const group = this.#byPrefix.get(prefix)
    if (!group?.delete(watcher) || group.size > 0) return
    this.#byPrefix.delete(prefix)
    this.#countLength(prefix.length, -1)
  }

  #countLength(length: number, by: 1 | -1): void {
    const counted = this.#prefixLengths.find((each) => each.length === length)
    if (counted) counted.prefixes += by
    else this.#prefixLengths.push({ length, prefixes: 1 })
    this.#prefixLengths = this.#prefixLengths.filter(({ prefixes }) => prefixes > 0).sort((a, b) => a.length - b.length)
  }

  /** Progress is told on a timer that runs only while a revision is untold, so that an idle store sleeps. */
  #scheduleProgress(): void {
    if (this.#progressTimer || this.#byPrefix.size === 0) return
    const { clock, progressIntervalMs } = this.#options
    this.#progressTimer = clock.setTimer(progressIntervalMs, () => this.#tellProgress()).unref()
  }

  #tellProgress(): void {
    this.#progressTimer = undefined
    const revision = this.#revision
    for (const group of [...this.#byPrefix.values()]) {
      for (const watcher of [...group]) {
        if (!watcher.active || watcher.toldRevision >= revision) continue
        watcher.toldRevision = revision
        this.#guard(watcher, () => watcher.options.onProgress?.(revision))
      }
    }
  }
}
