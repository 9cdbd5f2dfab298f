import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { backupDatabase, restoreDatabase } from '../cluster/backup.ts'
import { control, isListening } from '../cluster/control-socket.ts'
import { openDataDirectory } from '../cluster/data-directory.ts'
import { controlSocketFile } from '../cluster/up.ts'
import { UsageError } from '../cluster/usage-error.ts'
import { type DataDirFlag, dataDirOf } from './data-dir.ts'

/** `kubets backup FILE`: by the running server, or straight from the file when none runs. */
export async function backup(file: string, flags: DataDirFlag): Promise<void> {
  const dataDir = dataDirOf(flags)
  const target = resolve(file)
  if (existsSync(target)) throw new UsageError(`${target} is there already; choose another file`)
  const socket = controlSocketFile(dataDir)
  if (await isListening(socket)) await control(socket, { command: 'backup', path: target })
  else await backupDatabase(openDataDirectory(dataDir), target)
  console.log(`backup written to ${target}`)
}

/** `kubets restore FILE`: makes the datastore anew from a backup. What was there is kept beside it. */
export async function restore(file: string, flags: DataDirFlag): Promise<void> {
  const dataDir = dataDirOf(flags)
  const source = resolve(file)
  if (!existsSync(source)) throw new UsageError(`there is no backup ${source}`)
  if (await isListening(controlSocketFile(dataDir))) throw new UsageError('kubets runs; stop it before a restore')
  const kept = await restoreDatabase(openDataDirectory(dataDir), source)
  console.log(`restored from ${source}${kept ? `; what was there before is kept in ${kept}` : ''}`)
}
