import { type Clock, sleepOn, type Timer } from './clock.ts'

interface Pending {
  dueMs: number
  sequence: number
  callback: () => void
}

/** A clock that stands still until it is told to advance. Timers fire in order of their due time. */
export class VirtualClock implements Clock {
  #nowMs: number
  #sequence = 0
  readonly #pending = new Set<Pending>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const pending: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback }
    this.#pending.add(pending)
    const timer: Timer = {
      cancel: () => {
        this.#pending.delete(pending)
      },
      unref: () => timer,
    }
    return timer
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** How many timers are waiting. */
  get pendingTimers(): number {
    return this.#pending.size
  }

  /** Moves time forward and fires what falls due, letting promise callbacks run between two timers. */
  async advanceMs(spanMs: number): Promise<void> {
    const targetMs = this.#nowMs + spanMs
    for (;;) {
      await settle()
      const next = this.#nextDue(targetMs)
      if (!next) break
      this.#pending.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = targetMs
    await settle()
  }

  #nextDue(limitMs: number): Pending | undefined {
    let first: Pending | undefined
    for (const pending of this.#pending) {
      if (pending.dueMs > limitMs) continue
      if (
        !first ||
        pending.dueMs < first.dueMs ||
        (pending.dueMs === first.dueMs && pending.sequence < first.sequence)
      ) {
        first = pending
      }
    }
    return first
  }
}

/** Lets every promise callback that is ready run, including those they make ready in turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
