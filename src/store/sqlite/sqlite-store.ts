import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { type DurableWrite, defaultRetention, type Retention, StoreMemory } from '../memory/store-memory.ts'
import type {
  Entry,
  Revision,
  Snapshot,
  Store,
  StoreStats,
  ValueCodec,
  WatchOptions,
  WatchResult,
  Write,
  WriteResult,
} from '../store.ts'
import { closedError, StoreError } from '../store-error.ts'
import { makeWholeFile } from '../whole-file.ts'
import type { LogRow } from './log-row.ts'
import { migrations } from './schema.ts'
import { WorkerClient } from './worker-client.ts'
import { type QueuedWrite, WriteQueue } from './write-queue.ts'

export interface SqliteStoreOptions {
  /** The database file. Made with mode 0600, folder included, if it is not there. */
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
  readonly retention?: Retention
  /** How values lie in the file; as they are if not given. */
  readonly codec?: ValueCodec
  /** The file may not grow beyond this; as far as the disk goes if not given. */
  readonly quotaBytes?: number
  /** The least time between two `onProgress` of a watcher; 5 s if not given. */
  readonly progressIntervalMs?: number
  /**
   * The worker thread's entry point. As a rule `worker.ts` beside this file; in a bundle `store-worker.js` beside the
   * bundle, so the bundler needs `src/store/sqlite/worker.ts` as a second entry point of that name.
   */
  readonly workerUrl?: URL
}

/**
 * Opens the embedded store, or makes a new one. Rejects with a StoreError (`Locked`, `Corrupt`, `NewerVersion`,
 * `Path`, `DiskFull`) whose message says what to do.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const store = new SqliteStore(options)
  await store.opened()
  return store
}

class SqliteStore implements Store {
  readonly #path: string
  readonly #log: Logger
  readonly #memory: StoreMemory
  readonly #worker: WorkerClient
  readonly #queue: WriteQueue
  readonly #codec: ValueCodec | undefined
  /** The last revision given out, also to writes that are not durable yet. */
  #lastRevision: Revision = 0
  /** Keys with a write under way. Others wait for it, since whether they conflict depends on how it ends. */
  readonly #underWay = new Map<string, Promise<unknown>>()
  /** Why nothing can be written any more. */
  #failure: StoreError | undefined

  constructor(options: SqliteStoreOptions) {
    const { clock, log, path, quotaBytes = 0, retention = defaultRetention, progressIntervalMs = 5_000 } = options
    this.#path = path
    this.#log = log
    this.#codec = options.codec
    const onCompacted = (revision: Revision) => this.#compactFile(revision)
    this.#memory = new StoreMemory({ clock, log, retention, progressIntervalMs, onCompacted })
    this.#worker = new WorkerClient({
      url: options.workerUrl ?? defaultWorkerUrl(),
      settings: { path, quotaBytes, migrations },
      onState: (state) => this.#memory.startAt(state),
      onRow: (row) => this.#load(row),
      onTrouble: (error) => log.warn('the datastore could not be compacted', { path, error }),
      onDeath: (error) => {
        log.error('the datastore stopped', { path, error })
        this.#fail(error)
      },
    })
    this.#queue = new WriteQueue({
      append: (rows) => this.#worker.append(rows),
      onDurable: (batch) => this.#commit(batch),
      onFailed: (batch, error) => this.#reject(batch, error),
    })
  }

  async opened(): Promise<void> {
    try {
      await this.#worker.opened
    } catch (error) {
      this.#fail(error as StoreError)
      throw error
    }
    this.#lastRevision = this.#memory.revision
  }

  get revision(): Revision {
    return this.#memory.revision
  }

  get compactRevision(): Revision {
    return this.#memory.compactRevision
  }

  get(key: string): Entry | undefined {
    return this.#memory.get(key)
  }

  snapshot(): Snapshot {
    return this.#memory.snapshot()
  }

  async fresh(): Promise<Revision> {
    return this.#memory.revision
  }

  write(write: Write): Promise<WriteResult> {
    if (this.#failure) return Promise.reject(this.#failure)
    const before = this.#underWay.get(write.key)
    if (before) return this.#writeAfter(before, write)
    const current = this.#memory.get(write.key)
    if ((current?.revision ?? 0) !== write.expected) return Promise.resolve({ ok: false, reason: 'Conflict', current })
    if (!current && write.value === undefined) return Promise.resolve({ ok: false, reason: 'Conflict', current })
    return this.#enqueue(write, current)
  }

  watch(options: WatchOptions): WatchResult {
    if (this.#failure) throw this.#failure
    return this.#memory.watch(options)
  }

  async compact(revision: Revision): Promise<void> {
    this.#memory.compact(revision)
    await this.#worker.request({ type: 'settle' })
  }

  async backup(path: string): Promise<void> {
    await makeWholeFile(path, async (unfinished) => {
      await this.#worker.request({ type: 'backup', path: unfinished })
    })
  }

  async stats(): Promise<StoreStats> {
    const fileBytes = (await this.#worker.request({ type: 'fileBytes' })) ?? 0
    return { engine: 'sqlite', keys: this.#memory.keys, liveBytes: this.#memory.liveBytes, fileBytes }
  }

  /** Makes durable what was written, then ends the thread and drops the lock. */
  async close(): Promise<void> {
    if (this.#failure) return
    const closed = closedError()
    this.#failure = closed
    await this.#queue.drained()
    this.#memory.close(closed)
    await this.#worker.close()
  }

  async #writeAfter(before: Promise<unknown>, write: Write): Promise<WriteResult> {
    // However it ends: its own caller hears of a failure.
    await before.catch(() => undefined)
    return this.write(write)
  }

  #enqueue({ key, value, attachment }: Write, current: Entry | undefined): Promise<WriteResult> {
    const revision = ++this.#lastRevision
    const row: LogRow = {
      key,
      revision,
      createRevision: current?.createRevision ?? revision,
      previousRevision: current?.revision ?? 0,
      deleted: value === undefined,
      value: value === undefined ? noValue : (this.#codec?.toRest(key, value, attachment) ?? value),
    }
    const settled = Promise.withResolvers<WriteResult>()
    this.#underWay.set(key, settled.promise)
    this.#queue.add({ row, value, attachment, settled })
    return settled.promise
  }

  /** Makes a durable batch visible to reads and watches, before the writers hear of it. */
  #commit(batch: readonly QueuedWrite[]): void {
    const writes = batch.map(({ row, value, attachment }) => ({ ...durableWriteOf(row), value, attachment }))
    const changes = this.#memory.commit(writes, writes[writes.length - 1]!.revision)
    for (const [index, { row, settled }] of batch.entries()) {
      this.#underWay.delete(row.key)
      // Each write changed something: that its key stood at the expected revision was checked, and held.
      settled.resolve({ ok: true, entry: changes[index]!.entry, revision: row.revision })
    }
  }

  #reject(batch: readonly QueuedWrite[], error: unknown): void {
    for (const { row, settled } of batch) {
      this.#underWay.delete(row.key)
      settled.reject(error)
    }
    // The past is what can go to make room, so that at least deletes get through again.
    if (error instanceof StoreError && error.code === 'DiskFull') this.#memory.compact(this.#memory.revision)
  }

  #load(row: LogRow): void {
    const { key, revision, createRevision, deleted } = row
    // The rows share a buffer; an entry that lives long must not keep the others' bytes alive.
    const atRest = row.value.slice()
    const { value, attachment } = (!deleted && this.#codec?.fromRest(key, atRest)) || {
      value: atRest,
      attachment: undefined,
    }
    if (revision > this.#memory.compactRevision) {
      this.#memory.commit([{ ...durableWriteOf(row), value: deleted ? undefined : value, attachment }], revision)
    } else if (deleted) {
      // Compaction removes such rows, but a restored backup brings all its history as the past before the floor.
      this.#memory.forget(key)
    } else {
      this.#memory.load({ key, value, revision, createRevision, attachment })
    }
  }

  #compactFile(revision: Revision): void {
    this.#worker.request({ type: 'compact', revision }).catch((error: unknown) => {
      // The file keeps more than it must, until the next compaction or start.
      if (!this.#failure) this.#log.warn('the datastore could not be compacted', { path: this.#path, error })
    })
  }

  #fail(error: StoreError): void {
    this.#failure ??= error
    this.#memory.close(error)
  }
}

const noValue = new Uint8Array(0)

function durableWriteOf({ key, value, revision, deleted }: LogRow): DurableWrite {
  return { key, value: deleted ? undefined : value, revision }
}

/** Sources run as they are; in a bundle, which is JavaScript, the worker is a file beside it. */
function defaultWorkerUrl(): URL {
  const { url } = import.meta
  return new URL(url.endsWith('.ts') ? './worker.ts' : './store-worker.js', url)
}
