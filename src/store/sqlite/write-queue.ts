import type { WriteResult } from '../store.ts'
import { type LogRow, type PackedRows, packRows } from './log-row.ts'

/** A write that may go into the log: its key is free of other writes until it settles. */
export interface QueuedWrite {
  readonly row: LogRow
  /** As it is in memory; the row has it as it lies in the file. */
  readonly value: Uint8Array | undefined
  readonly attachment: unknown
  readonly settled: PromiseWithResolvers<WriteResult>
}

export interface WriteQueueOptions {
  readonly append: (rows: PackedRows) => Promise<void>
  /** A batch is on the disk; settles its writes. */
  readonly onDurable: (batch: readonly QueuedWrite[]) => void
  /** Nothing of a batch was kept; settles its writes. */
  readonly onFailed: (batch: readonly QueuedWrite[], error: unknown) => void
}

/** A batch holds at most so much, so that no commit takes long. */
const maxBatchWrites = 1_024
const maxBatchBytes = 4 * 2 ** 20

/**
 * Group commit: while one batch is being written, the writes that come meanwhile gather for the next, which then
 * shares one transaction and one fsync.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #queued: QueuedWrite[] = []
  #flushing: Promise<void> | undefined

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  add(write: QueuedWrite): void {
    this.#queued.push(write)
    this.#flushing ??= this.#flush()
  }

  /** Resolves when everything that was added has settled. */
  async drained(): Promise<void> {
    while (this.#flushing) await this.#flushing
  }

  async #flush(): Promise<void> {
    while (this.#queued.length > 0) {
      // The end of this turn of the event loop: whoever else writes in it joins the batch.
      await new Promise((resolve) => setImmediate(resolve))
      const batch = this.#takeBatch()
      try {
        await this.#options.append(packRows(batch.map(({ row }) => row)))
      } catch (error) {
        this.#options.onFailed(batch, error)
        continue
      }
      this.#options.onDurable(batch)
    }
    // Before this function's promise resolves: a write that comes in between must start the next round.
    this.#flushing = undefined
  }

  #takeBatch(): QueuedWrite[] {
    let bytes = 0
    let count = 0
    while (count < this.#queued.length && count < maxBatchWrites && bytes < maxBatchBytes) {
      bytes += this.#queued[count++]!.row.value.byteLength
    }
    return this.#queued.splice(0, count)
  }
}
