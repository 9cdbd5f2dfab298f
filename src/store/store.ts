/**
 * The datastore's contract: a log of revisions over bytes, whose live state is in memory.
 *
 * Promises every engine keeps (`contract.ts` is the suite that checks them):
 * - Revisions grow by at least one with each write and never go back, not even over a restart.
 * - A write is acknowledged only when it is durable. What is not acknowledged is either there whole or not at all.
 * - Reads (`get`, `snapshot`) answer from memory and never wait. A process sees its own acknowledged writes.
 * - A watcher gets every change after its start revision exactly once, in revision order.
 */

/** The store's only clock. 64 bits upstream; the exact integers of a double last for ages. */
export type Revision = number

/** One live key. Immutable, and the same object as long as the key is not written again. */
export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  /** When this value was written. */
  readonly revision: Revision
  /** When the key was created. */
  readonly createRevision: Revision
  /** Room for the layer above to keep what it made of `value` (the decoded object, its encodings). */
  attachment: unknown
}

/** A change of one key, in force only if the key is still at `expected`. */
export interface Write {
  readonly key: string
  /** The new value; `undefined` deletes the key. */
  readonly value: Uint8Array | undefined
  /** The revision the caller saw; 0: the key must not exist. */
  readonly expected: Revision
  /** Becomes the new entry's `attachment`, so that what was just encoded need not be decoded again. */
  readonly attachment?: unknown
}

/**
 * How values lie in the datastore, where that is not how they are in memory: in another encoding, or encrypted. Keys
 * stay as they are.
 */
export interface ValueCodec {
  /** `attachment` is what the writer made of the value. */
  toRest(key: string, value: Uint8Array, attachment: unknown): Uint8Array
  /** With what becomes the entry's `attachment`. Never throws: what cannot be read is an attachment that says so. */
  fromRest(key: string, value: Uint8Array): { readonly value: Uint8Array; readonly attachment: unknown }
}

export type WriteResult =
  | {
      readonly ok: true /** The new entry; for a delete, the one that was removed. */
      readonly entry: Entry
      readonly revision: Revision
    }
  /** Somebody else was first (`current` is what stands there now), or the key is gone (`undefined`). */
  | { readonly ok: false; readonly reason: 'Conflict'; readonly current: Entry | undefined }

export interface Change {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: Revision
  /** The new entry of a put; of a delete, the last entry before it. */
  readonly entry: Entry
  /** What stood there before a put that replaced something. */
  readonly previous: Entry | undefined
}

/** The live keys at one revision. Costs nothing to keep for a while; later writes do not show. */
export interface Snapshot {
  readonly revision: Revision
  get(key: string): Entry | undefined
  /** Entries with `start <= key < end`, in key order. */
  range(start: string, end: string): Iterable<Entry>
  /** The same, as far as `limit` entries, as an array. */
  slice(start: string, end: string, limit: number): Entry[]
  /** How many keys there are with `start <= key < end`. */
  count(start: string, end: string): number
}

export interface WatchOptions {
  /** Only keys that begin with this. */
  readonly prefix: string
  /** Changes after this revision. */
  readonly after: Revision
  /** Called in order, once a batch, synchronously with the change becoming visible to `get`. Must not throw or wait. */
  readonly onChanges: (changes: readonly Change[]) => void
  /** Called when the store has gone through `revision` without a change for this watcher; drives bookmarks. */
  readonly onProgress?: (revision: Revision) => void
  /** The watch is cut: the store closes, or the engine lost history it cannot get back. */
  readonly onEnd?: (reason: Error) => void
}

export type WatchResult =
  | { readonly ok: true; readonly cancel: () => void }
  /** The history before `compactRevision` is gone: list again. */
  | { readonly ok: false; readonly reason: 'Compacted'; readonly compactRevision: Revision }

export interface Store {
  /** The last revision that is visible to reads. */
  readonly revision: Revision
  /** Watches may start at this revision or later. */
  readonly compactRevision: Revision
  get(key: string): Entry | undefined
  snapshot(): Snapshot
  /** Resolves when reads are at least as new as the whole cluster's state was at the call. At once on one machine. */
  fresh(): Promise<Revision>
  /** Resolves when the write is durable and visible, or lost the race. Rejects when the engine fails (disk full, closed). */
  write(write: Write): Promise<WriteResult>
  /** History after `after` first, then live. Synchronous, so that nothing falls between a snapshot and its watch. */
  watch(options: WatchOptions): WatchResult
  /** Drops the history up to `revision`. Live values stay. */
  compact(revision: Revision): Promise<void>
  /** Writes a whole, consistent copy to `path` while the store goes on. */
  backup(path: string): Promise<void>
  /** Bytes on disk, live bytes, keys: for metrics and status. */
  stats(): Promise<StoreStats>
  close(): Promise<void>
}

export interface StoreStats {
  readonly engine: 'sqlite' | 'etcd'
  readonly keys: number
  readonly liveBytes: number
  readonly fileBytes: number
}

/** The least key that is greater than every key beginning with `prefix`. */
export function prefixEnd(prefix: string): string {
  if (prefix === '') return '\u{10ffff}'
  const last = prefix.charCodeAt(prefix.length - 1)
  return prefix.slice(0, -1) + String.fromCharCode(last + 1)
}
