import { StoreError } from '../store-error.ts'

/** SQLite's primary result codes that mean something to the user. After sqlite.org/rescode.html. */
const resultCode = { busy: 5, readOnly: 8, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const

/** The primary result code of an error from `node:sqlite`; undefined for any other error. */
function resultCodeOf(error: unknown): number | undefined {
  const extended = (error as { errcode?: unknown } | undefined)?.errcode
  return typeof extended === 'number' ? extended & 0xff : undefined
}

/** Whether SQLite found the file damaged. */
export function isCorruption(error: unknown): boolean {
  const code = resultCodeOf(error)
  return code === resultCode.corrupt || code === resultCode.notADatabase
}

export function corruptError(path: string, why: string, cause?: unknown): StoreError {
  // SQLite's own findings come on several lines.
  const reason = why.replaceAll(/\s*\n\s*/g, '; ')
  const message = `The datastore ${path} is damaged (${reason}): restore a backup, or move the file away to start empty.`
  return new StoreError('Corrupt', message, { cause })
}

/** What SQLite or the file system reports, as one sentence with the way out. StoreErrors pass through. */
export function storeErrorOf(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const why = error instanceof Error ? error.message : String(error)
  if (isCorruption(error)) return corruptError(path, why, error)
  const code = resultCodeOf(error)
  if (code === resultCode.busy) {
    const message = `The datastore ${path} is in use by another instance: stop that one, or choose another data directory.`
    return new StoreError('Locked', message, { cause: error })
  }
  if (code === resultCode.full || isErrno(error, 'ENOSPC', 'EDQUOT')) {
    const message = `No room to write the datastore ${path}: free space on its disk or raise its quota, then try again.`
    return new StoreError('DiskFull', message, { cause: error })
  }
  if (code === resultCode.readOnly || code === resultCode.cantOpen || isErrno(error)) {
    const message = `The datastore ${path} cannot be opened or written (${why}): check the path and its permissions.`
    return new StoreError('Path', message, { cause: error })
  }
  return new StoreError('Unavailable', `The datastore ${path} failed (${why}): check its disk.`, { cause: error })
}

/** Whether `error` came from the operating system, with one of `codes` if any are given. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown }
  return typeof syscall === 'string' && typeof code === 'string' && (codes.length === 0 || codes.includes(code))
}
