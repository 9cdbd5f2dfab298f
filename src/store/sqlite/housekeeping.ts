import type { Revision } from '../store.ts'
import type { LogFile } from './log-file.ts'

/** Rows that one step of compaction looks at: a few milliseconds. */
const rowsPerStep = 1_000

/**
 * Compaction, vacuum and checkpoint, in steps of a few milliseconds. Requests are served between two steps, so that
 * no write waits for more than one of them.
 */
export class Housekeeping {
  readonly #file: LogFile
  readonly #onTrouble: (error: unknown) => void
  #target: Revision = 0
  #next: NodeJS.Immediate | undefined
  #waiting: (() => void)[] = []

  constructor(file: LogFile, onTrouble: (error: unknown) => void) {
    this.#file = file
    this.#onTrouble = onTrouble
  }

  /** Drops what was replaced up to `revision`, starting soon. */
  compactTo(revision: Revision): void {
    this.#target = Math.max(this.#target, revision)
    this.#next ??= setImmediate(() => this.#step())
  }

  /** Resolves when there is nothing to do. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#next) return resolve()
      this.#waiting.push(resolve)
    })
  }

  stop(): void {
    clearImmediate(this.#next)
    this.#end()
  }

  #step(): void {
    let isOver = true
    try {
      isOver = this.#isDone()
    } catch (error) {
      this.#onTrouble(error)
    }
    if (isOver) this.#end()
    else this.#next = setImmediate(() => this.#step())
  }

  #isDone(): boolean {
    if (!this.#file.compactSlice(this.#target, rowsPerStep)) return false
    if (!this.#file.vacuumSlice()) return false
    this.#file.checkpoint()
    return true
  }

  #end(): void {
    this.#next = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
