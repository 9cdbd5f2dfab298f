import type { Clock, Timer } from '../../platform/clock.ts'

/** How often overdue requests are looked for. */
const sweepMs = 1_000

/**
 * One time limit for many requests. They all get the same span, so they fall due in the order they came: one timer
 * looks at the oldest, and there is none at all while nothing is under way.
 */
export class Deadlines<T> {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #expire: (item: T) => void
  readonly #dueMs = new Map<T, number>()
  #timer: Timer | undefined

  constructor(clock: Clock, limitMs: number, expire: (item: T) => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#expire = expire
  }

  add(item: T): void {
    this.#dueMs.set(item, this.#clock.monotonicMs() + this.#limitMs)
    this.#timer ??= this.#clock.setTimer(sweepMs, () => this.#sweep()).unref()
  }

  remove(item: T): void {
    this.#dueMs.delete(item)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#dueMs.clear()
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [item, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) break
      this.#dueMs.delete(item)
      this.#expire(item)
    }
    this.#timer = this.#dueMs.size > 0 ? this.#clock.setTimer(sweepMs, () => this.#sweep()).unref() : undefined
  }
}
