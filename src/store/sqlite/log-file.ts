import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Revision } from '../store.ts'
import { StoreError } from '../store-error.ts'
import { checksumOf, type LogRow } from './log-row.ts'
import { applicationId, migrate, numberOf, run, schemaVersion } from './schema.ts'
import { corruptError, isErrno } from './sqlite-error.ts'
import { assertWalWhole } from './wal-check.ts'

export interface LogFileOptions {
  readonly path: string
  readonly migrations: readonly string[]
  /** The file may not grow beyond this; 0: as far as the disk goes. */
  readonly quotaBytes: number
}

export interface LogFileState {
  /** The last revision that was ever given out, as far as the file knows. */
  readonly revision: Revision
  /** History begins after this revision. */
  readonly compactRevision: Revision
}

interface StoredState {
  compact_revision: number
  floor_revision: number
  digest: number
  digest_revision: number
}

/** Bytes the write-ahead log is cut back to after a checkpoint, which SQLite makes every 1,000 pages (4 MB). */
const walKeptBytes = 4 * 2 ** 20
/** Free pages that are not worth moving others for. */
const freePagesKept = 256
/** Pages given back in one step: about a millisecond. */
const pagesPerVacuum = 128

/**
 * The log on disk: one append-only table in an SQLite file that this process holds an exclusive lock on. The kernel
 * drops the lock with the process, however it ends. Synchronous; lives in the worker thread.
 */
export class LogFile {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  /** The sum of the checksums of all rows that stand in the log. */
  #digest = 0
  #lastRevision: Revision = 0
  #compactRevision: Revision = 0

  /** Opens the file or makes a new one. Throws a StoreError, or what SQLite throws, when it cannot be trusted. */
  constructor({ path, migrations, quotaBytes }: LogFileOptions) {
    this.#path = path
    makePrivateFile(path)
    assertWalWhole(path)
    this.#database = new DatabaseSync(path, { timeout: 0 })
    try {
      this.#configure(migrations, quotaBytes)
      this.#insert = this.#database.prepare(
        `INSERT INTO log (revision, key, create_revision, previous_revision, deleted, lease, checksum, digest, value)
         VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)`,
      )
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** What the file says before its rows are read. */
  state(): LogFileState {
    const { compact_revision, floor_revision } = this.#state()
    const lastRow = numberOf(this.#database, 'SELECT coalesce(max(revision), 0) FROM log')
    // A floor comes with a restored backup: what clients remember from before it is another history.
    const compactRevision = Math.max(compact_revision, floor_revision)
    return { revision: Math.max(lastRow, compactRevision), compactRevision }
  }

  /** Reads the whole log in revision order, handing over each row, and checks every one of them and their sum. */
  load(onRow: (row: LogRow) => void): void {
    let digest = 0
    let lastDigest = 0
    const rows = this.#database.prepare(
      `SELECT revision, key, create_revision, previous_revision, deleted, value, checksum, digest
       FROM log ORDER BY revision`,
    )
    rows.setReturnArrays(true)
    for (const columns of rows.iterate() as Iterable<unknown>) {
      const { row, checksum, runningDigest } = rowOf(columns as LogColumns)
      if (checksumOf(row) !== checksum) throw corruptError(this.#path, `revision ${row.revision} has a wrong checksum`)
      digest = (digest + checksum) >>> 0
      lastDigest = runningDigest
      this.#lastRevision = row.revision
      onRow(row)
    }
    const state = this.#state()
    const expected = this.#lastRevision > state.digest_revision ? lastDigest : state.digest
    if (digest !== expected) throw corruptError(this.#path, 'rows are missing or out of date')
    this.#digest = digest
    this.#compactRevision = state.compact_revision
  }

  /** Appends all rows or none, and returns when they are on the disk. */
  append(rows: Iterable<LogRow>): void {
    let digest = this.#digest
    let lastRevision = this.#lastRevision
    this.#transaction(() => {
      for (const row of rows) {
        const checksum = checksumOf(row)
        digest = (digest + checksum) >>> 0
        lastRevision = row.revision
        const { revision, key, createRevision, previousRevision, deleted, value } = row
        const stored = deleted ? null : value
        this.#insert.run(revision, key, createRevision, previousRevision, deleted ? 1 : 0, checksum, digest, stored)
      }
    })
    this.#digest = digest
    this.#lastRevision = lastRevision
  }

  /**
   * Drops what at most `maxRows` rows up to `target` replaced, and deletions among them.
   * Returns whether all up to `target` is dropped.
   */
  compactSlice(target: Revision, maxRows: number): boolean {
    const rows = this.#database
      .prepare(
        `SELECT revision, previous_revision, deleted FROM log
         WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?`,
      )
      .all(this.#compactRevision, target, maxRows)
    const done = rows.length < maxRows
    const compactRevision = done ? Math.max(target, this.#compactRevision) : Number(rows.at(-1)!.revision)
    if (compactRevision === this.#compactRevision) return true
    const remove = this.#database.prepare('DELETE FROM log WHERE revision = ? RETURNING checksum')
    let digest = this.#digest
    const drop = (revision: Revision) => {
      digest = (digest - Number(remove.get(revision)?.checksum ?? 0)) >>> 0
    }
    this.#transaction(() => {
      for (const row of rows) {
        if (row.previous_revision !== 0) drop(Number(row.previous_revision))
        if (row.deleted === 1) drop(Number(row.revision))
      }
      this.#database
        .prepare('UPDATE state SET compact_revision = ?, digest = ?, digest_revision = ?')
        .run(compactRevision, digest, this.#lastRevision)
    })
    this.#digest = digest
    this.#compactRevision = compactRevision
    return done
  }

  /** Gives a few free pages back to the file system. Returns whether there is nothing more worth giving back. */
  vacuumSlice(): boolean {
    const free = numberOf(this.#database, 'PRAGMA freelist_count')
    if (free <= freePagesKept) return true
    run(this.#database, `PRAGMA incremental_vacuum(${Math.min(pagesPerVacuum, free - freePagesKept)})`)
    return false
  }

  /** Moves the write-ahead log into the file and cuts both to their size. */
  checkpoint(): void {
    run(this.#database, 'PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Writes a whole copy, a few pages at a time, while rows go on being appended. */
  async backup(path: string): Promise<void> {
    closeSync(openSync(path, 'wx', 0o600))
    await backup(this.#database, path, { rate: 256 })
  }

  /** Bytes on disk, the write-ahead log included. */
  fileBytes(): number {
    return [this.#path, `${this.#path}-wal`].reduce((total, path) => {
      return total + (statSync(path, { throwIfNoEntry: false })?.size ?? 0)
    }, 0)
  }

  close(): void {
    this.#database.close()
  }

  #configure(migrations: readonly string[], quotaBytes: number): void {
    const database = this.#database
    // Before the first read: the lock is then taken for good, and no shared-memory file is needed.
    run(database, 'PRAGMA locking_mode = EXCLUSIVE')
    const isEmpty = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0
    if (!isEmpty && numberOf(database, 'PRAGMA application_id') !== applicationId) {
      throw corruptError(this.#path, 'it is not a datastore of kubets')
    }
    const version = schemaVersion(database)
    if (version > migrations.length) throw newerVersionError(this.#path, version, migrations.length)
    // Only an empty file can still choose to vacuum by increments.
    if (isEmpty) run(database, 'PRAGMA auto_vacuum = INCREMENTAL')
    run(database, `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${walKeptBytes}`)
    if (!isEmpty) this.#quickCheck()
    migrate(database, migrations)
    if (quotaBytes > 0) {
      const pages = Math.ceil(quotaBytes / numberOf(database, 'PRAGMA page_size'))
      run(database, `PRAGMA max_page_count = ${pages}`)
    }
  }

  #quickCheck(): void {
    const verdict = Object.values(this.#database.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
    if (verdict !== 'ok') throw corruptError(this.#path, String(verdict))
  }

  #state(): StoredState {
    const state = this.#database.prepare('SELECT * FROM state').get()
    if (!state) throw corruptError(this.#path, 'its state row is missing')
    return state as unknown as StoredState
  }

  #transaction(work: () => void): void {
    run(this.#database, 'BEGIN IMMEDIATE')
    try {
      work()
      run(this.#database, 'COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#database.isTransaction) run(this.#database, 'ROLLBACK')
      throw error
    }
  }
}

type LogColumns = [number, string, number, number, number, Uint8Array | null, number, number]

const noValue = new Uint8Array(0)

function rowOf([revision, key, create, previous, deleted, value, checksum, digest]: LogColumns) {
  const row: LogRow = {
    key,
    revision,
    createRevision: create,
    previousRevision: previous,
    deleted: deleted === 1,
    value: value ?? noValue,
  }
  return { row, checksum, runningDigest: digest }
}

/** SQLite would make the file readable for everyone. What it puts beside the file takes over the file's mode. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    // Never opens a file that is there: closing it again would drop a lock that this process holds on it.
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

function newerVersionError(path: string, version: number, known: number): StoreError {
  const message = `The datastore ${path} has format ${version}, and this kubets knows up to ${known}: use a newer kubets, or restore an older backup.`
  return new StoreError('NewerVersion', message)
}
