import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { type DurableWrite, defaultRetention, type Retention, StoreMemory } from '../memory/store-memory.ts'
import type {
  Change,
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
import { EtcdClient, type EtcdTls, isCompacted } from './etcd-client.ts'
import { KeyRange } from './key-range.ts'
import type { EtcdEvent, KeyValue } from './protocol.ts'
import { RevisionWaiters } from './revision-waiters.ts'
import { WatchFeed } from './watch-feed.ts'

export interface EtcdStoreOptions {
  /** `host:port` of each member of one cluster. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTls
  /** Stands before every key, for an etcd that others use too. Without it the whole of etcd is the store's. */
  readonly prefix?: string
  readonly clock: Clock
  readonly log: Logger
  readonly retention?: Retention
  /** How values lie in etcd; as they are if not given. */
  readonly codec?: ValueCodec
  /** The least time between two `onProgress` of a watcher; 5 s if not given. */
  readonly progressIntervalMs?: number
  /** How long etcd may take to answer before a request fails with `Unavailable`; 10 s if not given. */
  readonly requestTimeoutMs?: number
}

/**
 * Opens a store over etcd, v3.4 or newer. Several may be open over the same data, as several API servers are.
 * Rejects with a StoreError (`Unavailable`) when no member answers.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const store = new EtcdStore(options)
  await store.open()
  return store
}

/** Keys that one request lists. */
const listPage = 1_000
/** How long the watch may take to show a revision before it is asked whether that was one of the store's at all. */
const foreignRevisionAfterMs = 20
/** Written to learn that the watch has seen everything before: behind every API key, and shown to nobody. */
const markerKey = '\u007fkubets/progress'

class EtcdStore implements Store {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #client: EtcdClient
  readonly #keys: KeyRange
  readonly #memory: StoreMemory
  readonly #waiters: RevisionWaiters
  /** Set before the writes under way have settled, which still need the watch. */
  #isClosed = false
  readonly #closing = new AbortController()
  #feeding: Promise<void> = Promise.resolve()
  #compacting: Promise<void> = Promise.resolve()
  #marking: Promise<void> | undefined
  /** Writes under way. Their attachments go to the entries that the watch shows. */
  readonly #underWay = new Set<WriteUnderWay>()
  readonly #codec: ValueCodec | undefined
  /** What the watch showed while writes are under way, by revision. */
  readonly #shown = new Map<Revision, Change>()
  readonly #settling = new Set<Promise<unknown>>()

  constructor(options: EtcdStoreOptions) {
    const { clock, log, prefix = '', retention = defaultRetention } = options
    const { progressIntervalMs = 5_000, requestTimeoutMs = 10_000 } = options
    this.#clock = clock
    this.#log = log
    this.#codec = options.codec
    this.#keys = new KeyRange(prefix)
    this.#waiters = new RevisionWaiters({ clock, timeoutMs: requestTimeoutMs })
    this.#client = new EtcdClient({ ...options, requestTimeoutMs })
    const onCompacted = (revision: Revision) => {
      this.#compacting = this.#compactEtcd(revision)
    }
    this.#memory = new StoreMemory({ clock, log, retention, progressIntervalMs, onCompacted })
  }

  async open(): Promise<void> {
    try {
      await this.#list()
    } catch (error) {
      this.#client.close()
      throw error
    }
    const feed = new WatchFeed({
      client: this.#client,
      clock: this.#clock,
      log: this.#log,
      bounds: this.#keys.bounds,
      revision: () => this.#memory.revision,
      onEvents: (events, revision) => this.#apply(events, revision),
      onLostHistory: () => this.#listAgain(),
    })
    this.#feeding = feed.run(this.#closing.signal)
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
    this.#refuseIfClosed()
    // A read through etcd's consensus: its header names the newest revision of the whole cluster.
    const { header } = await this.#client.range({ key: this.#keys.toEtcd(markerKey), count_only: true })
    await this.#catchUp(header.revision)
    return this.#memory.revision
  }

  async write(write: Write): Promise<WriteResult> {
    this.#refuseIfClosed()
    const writing = this.#write(write)
    this.#settling.add(writing)
    try {
      return await writing
    } finally {
      this.#settling.delete(writing)
    }
  }

  watch(options: WatchOptions): WatchResult {
    this.#refuseIfClosed()
    return this.#memory.watch(options)
  }

  async compact(revision: Revision): Promise<void> {
    this.#memory.compact(revision)
    await this.#compacting
  }

  /** A snapshot of the whole of etcd, for `etcdutl snapshot restore`. */
  async backup(path: string): Promise<void> {
    this.#refuseIfClosed()
    await makeWholeFile(path, async (unfinished) => {
      const parts = this.#client.snapshot().map(({ blob }: { blob: Buffer }) => blob)
      await pipeline(parts, createWriteStream(unfinished, { mode: 0o600, flags: 'wx', flush: true }))
    })
  }

  async stats(): Promise<StoreStats> {
    const { dbSize } = await this.#client.status()
    return { engine: 'etcd', keys: this.#memory.keys, liveBytes: this.#memory.liveBytes, fileBytes: dbSize }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.allSettled(this.#settling)
    await this.#compacting
    const closed = closedError()
    this.#memory.close(closed)
    this.#closing.abort()
    this.#waiters.rejectAll(closed)
    await this.#feeding
    this.#client.close()
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw closedError()
  }

  async #write(write: Write): Promise<WriteResult> {
    const { key, value, expected } = write
    if (value === undefined && expected === 0) return this.#conflict(key)
    const etcdKey = this.#keys.toEtcd(key)
    const before = this.#memory.get(key)
    const atRest = value && (this.#codec?.toRest(key, value, write.attachment) ?? value)
    const underWay = { write, atRest }
    this.#underWay.add(underWay)
    try {
      const { succeeded, header } = await this.#client.txn({
        compare: [{ key: etcdKey, target: 'MOD', result: 'EQUAL', mod_revision: expected }],
        success: [
          atRest === undefined
            ? { request_delete_range: { key: etcdKey } }
            : { request_put: { key: etcdKey, value: atRest } },
        ],
      })
      await this.#catchUp(header.revision)
      if (!succeeded) return this.#conflict(key)
      const { revision } = header
      const entry = this.#shown.get(revision)?.entry ?? unseenEntry(write, revision, before)
      return { ok: true, entry, revision }
    } finally {
      this.#underWay.delete(underWay)
      if (this.#underWay.size === 0) this.#shown.clear()
    }
  }

  #conflict(key: string): WriteResult {
    return { ok: false, reason: 'Conflict', current: this.#memory.get(key) }
  }

  /** Resolves when the memory holds everything up to `revision`. */
  async #catchUp(revision: Revision): Promise<void> {
    if (this.#memory.revision >= revision) return
    const reached = this.#waiters.wait(revision)
    if (!this.#keys.isEverything) {
      // The revision may be somebody else's, which the watch never shows.
      await Promise.race([reached, this.#clock.sleep(foreignRevisionAfterMs)])
      while (this.#memory.revision < revision) await this.#mark()
    }
    await reached
  }

  /**
   * Writes a key of no meaning and waits for the watch to show it. etcd's own progress request would write nothing,
   * but before v3.4.25 and v3.5.8 its answer can overtake events (etcd issue 15220).
   */
  #mark(): Promise<void> {
    this.#marking ??= this.#writeMarker().finally(() => {
      this.#marking = undefined
    })
    return this.#marking
  }

  async #writeMarker(): Promise<void> {
    const request_put = { key: this.#keys.toEtcd(markerKey), value: Buffer.alloc(0) }
    const { header } = await this.#client.txn({ compare: [], success: [{ request_put }] })
    if (this.#memory.revision < header.revision) await this.#waiters.wait(header.revision)
  }

  #apply(events: readonly EtcdEvent[], revision: Revision): void {
    const writes = events.map((event) => this.#durableWriteOf(event)).filter(({ key }) => key !== markerKey)
    const changes = this.#memory.commit(writes, revision)
    if (this.#underWay.size > 0) for (const change of changes) this.#shown.set(change.revision, change)
    this.#waiters.reached(this.#memory.revision)
  }

  #durableWriteOf({ type, kv }: EtcdEvent): DurableWrite {
    const key = this.#keys.fromEtcd(kv.key)
    if (type === 'DELETE') return { key, value: undefined, revision: kv.mod_revision }
    return { key, revision: kv.mod_revision, ...(this.#writtenHere(key, kv.value) ?? this.#fromRest(key, kv)) }
  }

  /** What a writer of this process wrote as these bytes; the watch may show them before etcd acknowledges them. */
  #writtenHere(key: string, bytes: Buffer): Pick<Entry, 'value' | 'attachment'> | undefined {
    for (const { write, atRest } of this.#underWay) {
      if (write.key !== key || !write.value || !atRest || !bytes.equals(atRest)) continue
      return { value: write.value, attachment: write.attachment }
    }
    return undefined
  }

  #fromRest(key: string, kv: KeyValue): Pick<Entry, 'value' | 'attachment'> {
    const bytes = ownBytes(kv)
    return this.#codec?.fromRest(key, bytes) ?? { value: bytes, attachment: undefined }
  }

  /** Reads everything at one revision, page by page. */
  async #readAll(): Promise<{ readonly found: KeyValue[]; readonly revision: Revision }> {
    const { range_end } = this.#keys.bounds
    let { key } = this.#keys.bounds
    const found: KeyValue[] = []
    let revision: Revision | undefined
    for (;;) {
      const page = await this.#client.range({ key, range_end, limit: listPage, revision: revision ?? 0 })
      revision ??= page.header.revision
      found.push(...page.kvs)
      const last = page.kvs.at(-1)
      if (!page.more || !last) return { found, revision }
      key = Buffer.concat([last.key, Buffer.from([0])])
    }
  }

  async #list(): Promise<void> {
    const { found, revision } = await this.#readAll()
    const gone = new Set([...this.#memory.snapshot().range('', '\u{10ffff}')].map(({ key }) => key))
    for (const kv of found) {
      const key = this.#keys.fromEtcd(kv.key)
      gone.delete(key)
      // An entry that did not change stays the same object, with what was made of it.
      if (key === markerKey || this.#memory.get(key)?.revision === kv.mod_revision) continue
      const [revision, createRevision] = [kv.mod_revision, kv.create_revision]
      this.#memory.load({ key, revision, createRevision, ...this.#fromRest(key, kv) })
    }
    for (const key of gone) this.#memory.forget(key)
    this.#memory.startAt({ revision, compactRevision: revision })
  }

  async #listAgain(): Promise<void> {
    this.#log.warn('etcd compacted history that was not seen yet, listing again', { revision: this.revision })
    await this.#list()
    const message = 'etcd has compacted history that this watch had not seen: list again.'
    this.#memory.loseHistory(new StoreError('HistoryLost', message))
    this.#waiters.reached(this.#memory.revision)
  }

  async #compactEtcd(revision: Revision): Promise<void> {
    try {
      await this.#client.compact(revision)
    } catch (error) {
      // Another API server over the same etcd was first.
      if (isCompacted(error)) return
      this.#log.warn('etcd could not be compacted', { revision, error })
    }
  }
}

interface WriteUnderWay {
  readonly write: Write
  /** Undefined: a delete. */
  readonly atRest: Uint8Array | undefined
}

/** A copy: the message's buffer, which a decoded value is a part of, would live as long as the entry. */
function ownBytes({ value }: KeyValue): Uint8Array {
  return new Uint8Array(value)
}

/** The result of a write that the watch skipped over, because history was lost meanwhile. */
function unseenEntry({ key, value, attachment }: Write, revision: Revision, before: Entry | undefined): Entry {
  if (value === undefined && before) return before
  const createRevision = before?.createRevision ?? revision
  return { key, value: value ?? new Uint8Array(0), revision, createRevision, attachment }
}
