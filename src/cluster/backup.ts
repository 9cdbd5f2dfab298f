import { existsSync, renameSync } from 'node:fs'
import { systemClock } from '../platform/clock.ts'
import { silentLogger } from '../platform/log.ts'
import { restoreSqliteStore } from '../store/sqlite/restore.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { DataDirectory } from './data-directory.ts'
import { UsageError } from './usage-error.ts'

/** Writes a backup of a cluster that does not run. Throws a UsageError when there is none. */
export async function backupDatabase({ database, root }: DataDirectory, target: string): Promise<void> {
  if (!existsSync(database)) throw new UsageError(`there is no cluster in ${root}; name its folder with --data-dir`)
  const store = await openSqliteStore({ path: database, clock: systemClock, log: silentLogger })
  try {
    await store.backup(target)
  } finally {
    await store.close()
  }
}

/** Puts a backup in the datastore's place; answers where the old one was moved, if there was one. */
export async function restoreDatabase({ database }: DataDirectory, source: string): Promise<string | undefined> {
  const suffixes = ['', '-wal', '-shm'].filter((suffix) => existsSync(`${database}${suffix}`))
  const kept = suffixes.length > 0 ? `${database}.before-restore-${systemClock.nowMs()}` : undefined
  for (const suffix of suffixes) renameSync(`${database}${suffix}`, `${kept}${suffix}`)
  try {
    await restoreSqliteStore({ backup: source, path: database })
  } catch (error) {
    for (const suffix of suffixes) renameSync(`${kept}${suffix}`, `${database}${suffix}`)
    throw error
  }
  return kept
}
