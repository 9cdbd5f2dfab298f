import { type Entry, prefixEnd, type Revision, type Store } from '../../store/store.ts'

/** The entries below a prefix as they were at one revision. */
export interface CollectionState {
  readonly revision: Revision
  /** Entries from `start` on, in key order. */
  from(start: string): Iterable<Entry>
  /** How many entries there are from `start` on. */
  countFrom(start: string): number
}

/** The newest state. */
export function newestState(store: Store, prefix: string): CollectionState {
  const snapshot = store.snapshot()
  const end = prefixEnd(prefix)
  return {
    revision: snapshot.revision,
    from: (start) => snapshot.range(start, end),
    countFrom: (start) => snapshot.count(start, end),
  }
}

/**
 * The state at an earlier revision, or undefined when its history is compacted away. No old snapshots are kept: what
 * happened since is taken back from the newest one, which costs as much as happened, not as much as there is.
 */
export function stateAt(store: Store, prefix: string, revision: Revision): CollectionState | undefined {
  const newest = newestState(store, prefix)
  if (newest.revision === revision) return newest
  const before = entriesBefore(store, prefix, revision)
  if (!before) return undefined
  if (before.size === 0) return { ...newest, revision }
  const restored = [...before.values()].filter((entry) => entry !== undefined).sort(byKey)
  const from = (start: string) =>
    merge(
      skipKeys(newest.from(start), before),
      restored.filter(({ key }) => key >= start),
    )
  return {
    revision,
    from,
    countFrom(start) {
      let count = 0
      for (const _entry of from(start)) count++
      return count
    },
  }
}

/** Of each key written after `revision`, the entry that stood there at `revision`. */
function entriesBefore(store: Store, prefix: string, revision: Revision): Map<string, Entry | undefined> | undefined {
  const before = new Map<string, Entry | undefined>()
  const watch = store.watch({
    prefix,
    after: revision,
    onChanges(changes) {
      for (const { key, type, entry, previous } of changes) {
        if (!before.has(key)) before.set(key, type === 'delete' ? entry : previous)
      }
    },
  })
  if (!watch.ok) return undefined
  watch.cancel()
  return before
}

function* skipKeys(entries: Iterable<Entry>, keys: ReadonlyMap<string, unknown>): Iterable<Entry> {
  for (const entry of entries) if (!keys.has(entry.key)) yield entry
}

/** Two sequences in key order as one. */
function* merge(entries: Iterable<Entry>, restored: readonly Entry[]): Iterable<Entry> {
  let next = 0
  for (const entry of entries) {
    while (next < restored.length && restored[next]!.key < entry.key) yield restored[next++]!
    yield entry
  }
  while (next < restored.length) yield restored[next++]!
}

function byKey(left: Entry, right: Entry): number {
  return left.key < right.key ? -1 : 1
}
