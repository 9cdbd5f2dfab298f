import { copyFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Revision } from '../store.ts'
import { makeWholeFile } from '../whole-file.ts'
import { LogFile } from './log-file.ts'
import { migrations } from './schema.ts'
import { storeErrorOf } from './sqlite-error.ts'

/**
 * How far revisions jump on a restore, so that none given out after the backup is given out again with another
 * meaning. The number that etcd's documentation advises for Kubernetes (`etcdutl snapshot restore --bump-revision`).
 */
export const restoreRevisionBump = 1_000_000_000

export interface RestoreOptions {
  /** A file that `Store.backup` wrote. It is only read. */
  readonly backup: string
  /** Where the new store shall stand. Nothing may be there yet. */
  readonly path: string
}

/**
 * Makes a store from a backup, which is checked whole first. Every watch of the old history has to list again.
 * Rejects with a StoreError (`Corrupt`, `NewerVersion`, `Path`, `DiskFull`) and leaves nothing behind then.
 */
export async function restoreSqliteStore({ backup, path }: RestoreOptions): Promise<void> {
  try {
    await makeWholeFile(path, async (unfinished) => {
      await copyFile(backup, unfinished)
      raiseFloor(unfinished, checkedRevision(unfinished) + restoreRevisionBump)
    })
  } catch (error) {
    throw storeErrorOf(error, backup)
  }
}

/** Reads the whole file as a start would, and returns its revision. */
function checkedRevision(path: string): Revision {
  const file = new LogFile({ path, migrations, quotaBytes: 0 })
  try {
    file.load(() => undefined)
    return file.state().revision
  } finally {
    file.close()
  }
}

function raiseFloor(path: string, revision: Revision): void {
  const database = new DatabaseSync(path)
  database.prepare('UPDATE state SET floor_revision = ?').run(revision)
  database.close()
}
