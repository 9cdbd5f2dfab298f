/** Time as a value that is passed in, so that a test or a virtual cluster can move it by hand. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. May jump. */
  nowMs(): number
  /** Monotonic milliseconds, for measuring spans. Never goes back. */
  monotonicMs(): number
  /** Runs `callback` once after `delayMs`. The timer keeps no process alive when `unref` is called on it. */
  setTimer(delayMs: number, callback: () => void): Timer
  /** Resolves after `delayMs`, or as soon as `signal` aborts (it never rejects). */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export interface Timer {
  cancel(): void
  /** Do not keep the process alive for this timer. Returns itself. */
  unref(): Timer
}

/** The longest delay Node's timers take; anything longer is clamped to it (24.8 days). */
const maxDelayMs = 2 ** 31 - 1

/** The machine's own clock. The only place in the project that touches `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), maxDelayMs))
    const timer: Timer = {
      cancel: () => clearTimeout(handle),
      unref: () => {
        handle.unref()
        return timer
      },
    }
    return timer
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
}

/** `sleep` in terms of `setTimer`, shared by every Clock. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      timer.cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimer(delayMs, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
