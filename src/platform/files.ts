import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Makes a folder only its owner can enter, with its parents. An existing one is tightened to that. */
export function makePrivateDirectory(path: string): void {
  makeDirectory(path)
  chmodSync(path, 0o700)
}

/** Not by Node's `recursive`: that tries for ever where the parent is there and nothing can be made in it, as in /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  if (!existsSync(dirname(path))) makeDirectory(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/**
 * Replaces a file in one step: readers see the old text or the new one, also after a power cut. Mode 0600 unless given.
 */
export function writeFileAtomically(path: string, data: string | Uint8Array, mode = 0o600): void {
  makeDirectory(dirname(path))
  const temporary = `${path}.${process.pid}.new`
  try {
    const file = openSync(temporary, 'w', mode)
    try {
      const bytes = Buffer.from(data)
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** The text of a file, or `undefined` when there is none. Any other failure throws. */
export function readFileIfThere(...path: string[]): string | undefined {
  try {
    return readFileSync(join(...path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
