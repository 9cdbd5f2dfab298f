import { watch } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../../platform/clock.ts'
import { LogFilter, type LogFilterOptions } from './log-filter.ts'
import { parseLogLine } from './log-line.ts'
import { tailOffset } from './tail.ts'

export interface ReadLogsOptions extends LogFilterOptions {
  readonly path: string
  readonly tailLines?: number
  /** Goes on until the container has stopped. */
  readonly follow?: boolean
  readonly isRunning: () => Promise<boolean>
  readonly clock: Clock
  readonly signal: AbortSignal
}

const readBytes = 64 * 1024
/** Runtimes cut at 16 KiB; a file without line feeds is no log and must not be held in memory. */
const maxEntryBytes = 1024 * 1024
/** Change notices can be lost or be unavailable, so the file is looked at this often anyway. */
const forceCheckMs = 1000
const lineFeed = 0x0a

/** The bytes of a container's log as the client asked for them. Entries that are no CRI log are left out. */
export async function* readLogs(options: ReadLogsOptions): AsyncGenerator<Uint8Array> {
  const path = await realpath(options.path)
  const filter = new LogFilter(options)
  let left = options.follow ? undefined : options.tailLines
  for await (const entry of entries({ ...options, path })) {
    if (left === 0) return
    const line = parseLogLine(entry)
    if (!line) continue
    const bytes = filter.take(line)
    if (bytes.length > 0) yield bytes
    if (filter.finished) return
    if (left !== undefined) left--
  }
}

async function* entries(options: ReadLogsOptions): AsyncGenerator<Buffer> {
  const { path, tailLines, follow, signal } = options
  let file = await open(path)
  const changes = follow ? watchChanges(dirname(path), options.clock, signal) : undefined
  try {
    let reader = new EntryReader(file, tailLines === undefined ? 0 : await tailOffset(file, tailLines))
    for (let last = !follow; ; ) {
      yield* reader.complete()
      if (signal.aborted) return
      if (follow && (await isReplaced(path, file))) {
        // What came between the last look and the rotation is still in the old file.
        yield* reader.complete()
        await file.close()
        file = await open(path)
        reader = new EntryReader(file, 0)
      } else if (last) {
        yield* reader.rest()
        return
      } else if (await options.isRunning()) await changes?.next()
      // What the container wrote just before it stopped is read in one more round.
      else last = true
    }
  } finally {
    changes?.close()
    await file.close()
  }
}

/** Whether a rotation has put another file in this one's place. In between, there is none for a moment. */
async function isReplaced(path: string, file: FileHandle): Promise<boolean> {
  const [now, ours] = await Promise.all([stat(path).catch(() => undefined), file.stat()])
  return now !== undefined && now.ino !== ours.ino
}

class EntryReader {
  readonly #file: FileHandle
  #offset: number
  #pending: Buffer = Buffer.alloc(0)

  constructor(file: FileHandle, offset: number) {
    this.#file = file
    this.#offset = offset
  }

  /** The entries that are there whole, up to the present end of the file. */
  async *complete(): AsyncGenerator<Buffer> {
    for (;;) {
      const block = Buffer.allocUnsafe(readBytes)
      const { bytesRead } = await this.#file.read(block, 0, readBytes, this.#offset)
      if (bytesRead === 0) return
      this.#offset += bytesRead
      this.#pending = Buffer.concat([this.#pending, block.subarray(0, bytesRead)])
      for (let end = this.#pending.indexOf(lineFeed); end >= 0; end = this.#pending.indexOf(lineFeed)) {
        yield this.#pending.subarray(0, end + 1)
        this.#pending = this.#pending.subarray(end + 1)
      }
      if (this.#pending.length > maxEntryBytes) this.#pending = Buffer.alloc(0)
    }
  }

  /** An entry at the end of the file that has no line feed. */
  *rest(): Generator<Buffer> {
    if (this.#pending.length > 0) yield this.#pending
  }
}

interface Changes {
  /** Resolves at the next change since the last call, after `forceCheckMs` at the latest. */
  next(): Promise<void>
  close(): void
}

/** Watches the folder, not the file: a rotation replaces the file. */
function watchChanges(folder: string, clock: Clock, signal: AbortSignal): Changes {
  let changed = new AbortController()
  let close = () => {}
  try {
    const watcher = watch(folder, () => changed.abort())
    // Losing the notices only makes it slower.
    watcher.on('error', () => watcher.close())
    close = () => watcher.close()
  } catch {
    // The machine is out of inotify watches: the periodic look has to do.
  }
  return {
    async next() {
      await clock.sleep(forceCheckMs, AbortSignal.any([changed.signal, signal]))
      changed = new AbortController()
    },
    close: () => close(),
  }
}
