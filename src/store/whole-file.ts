import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { StoreError } from './store-error.ts'

/** Refuses to overwrite: throws a StoreError if something stands at `path`. */
export function assertFree(path: string): void {
  if (!existsSync(path)) return
  throw new StoreError('Path', `${path} exists already: remove it first, or choose another path.`)
}

/** Lets `make` write a file under another name and gives it `path` once it is whole; on failure nothing is left. */
export async function makeWholeFile(path: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  assertFree(path)
  const unfinished = `${path}.unfinished`
  const removeUnfinished = () =>
    Promise.all(['', '-wal', '-journal'].map((end) => rm(unfinished + end, { force: true })))
  await removeUnfinished()
  try {
    await make(unfinished)
    await rename(unfinished, path)
  } catch (error) {
    await removeUnfinished()
    throw error
  }
}
