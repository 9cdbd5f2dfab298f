import { readFileSync } from 'node:fs'
import { corruptError, isErrno } from './sqlite-error.ts'

/** Sizes and offsets of the write-ahead log. After sqlite.org/fileformat2.html, section 4. */
const headerBytes = 32
const frameHeaderBytes = 24
const checksummedFrameHeaderBytes = 8

interface Checksum {
  readonly first: number
  readonly second: number
}

interface Frame {
  readonly commits: boolean
  readonly whole: boolean
  /** Belongs to the log's present round, not to what an earlier round left behind. */
  readonly current: boolean
}

/**
 * Refuses a write-ahead log that is damaged before its end. SQLite would drop everything from the first bad frame on
 * without a word, commits that were acknowledged included. Only the last transaction may be torn: each commit is
 * synced before the next begins, so a bad frame with more than one commit after it is damage, not a torn write.
 */
export function assertWalWhole(path: string): void {
  const wal = readIfThere(`${path}-wal`)
  if (!wal || wal.byteLength < headerBytes + frameHeaderBytes) return
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength)
  const header = checksum(view, { start: 0, length: headerBytes - 8 }, { first: 0, second: 0 })
  if (header.first !== view.getUint32(24) || header.second !== view.getUint32(28)) {
    throw corruptError(path, 'the head of its write-ahead log is broken')
  }
  let isBroken = false
  let commitsAfterBreak = 0
  for (const frame of frames(view, header)) {
    isBroken ||= !frame.whole || !frame.current
    if (isBroken && frame.current && frame.commits) commitsAfterBreak++
    if (commitsAfterBreak > 1) throw corruptError(path, 'its write-ahead log is broken before its end')
  }
}

function* frames(view: DataView, header: Checksum): Generator<Frame> {
  const pageBytes = view.getUint32(8)
  let running = header
  for (let start = headerBytes; start + frameHeaderBytes + pageBytes <= view.byteLength; ) {
    const current =
      view.getUint32(start + 8) === view.getUint32(16) && view.getUint32(start + 12) === view.getUint32(20)
    running = checksum(view, { start, length: checksummedFrameHeaderBytes }, running)
    running = checksum(view, { start: start + frameHeaderBytes, length: pageBytes }, running)
    const whole = running.first === view.getUint32(start + 16) && running.second === view.getUint32(start + 20)
    yield { commits: view.getUint32(start + 4) !== 0, whole, current }
    start += frameHeaderBytes + pageBytes
  }
}

/** The running checksum of the format, over 8-byte steps. The lowest bit of the magic number tells the byte order. */
function checksum(view: DataView, { start, length }: { start: number; length: number }, before: Checksum): Checksum {
  const littleEndian = (view.getUint32(0) & 1) === 0
  let { first, second } = before
  for (let at = start; at < start + length; at += 8) {
    first = (first + view.getUint32(at, littleEndian) + second) >>> 0
    second = (second + view.getUint32(at + 4, littleEndian) + first) >>> 0
  }
  return { first, second }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
