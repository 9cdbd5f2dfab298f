import type { Clock, Timer } from '../platform/clock.ts'

/**
 * A queue of keys with client-go's promises (util/workqueue doc.go):
 * fair: keys are worked on in the order they were added;
 * stingy: no key is worked on by two workers at once, and one added many times before work begins is worked on once;
 * a key added while it is worked on is worked on again afterwards;
 * after `shutDown` what is queued is still handed out, and nothing new is taken.
 */
export interface WorkQueue {
  add(key: string): void
  /** Adds the key once `delayMs` have passed. Of two pending delays the earlier counts. */
  addAfter(key: string, delayMs: number): void
  /** Adds the key after a delay that grows with each call until `forget`. */
  addRateLimited(key: string): void
  /** The key went well: its next failure begins with the shortest delay again. */
  forget(key: string): void
  /** How often the key was added rate limited since the last `forget`. */
  retriesOf(key: string): number
  /** The next key to work on, or undefined once the queue is shut down and empty. Call `done` afterwards. */
  next(): Promise<string | undefined>
  done(key: string): void
  shutDown(): void
  /** Keys that wait, without those being worked on and those delayed. */
  readonly length: number
  /** Keys being worked on. */
  readonly inFlight: number
  /** Keys whose delay has not passed yet. */
  readonly delayed: number
}

export interface WorkQueueOptions {
  readonly clock: Clock
  /** The first delay of a rate limited key; it doubles with each failure. 5 ms as in client-go. */
  readonly baseDelayMs?: number
  /** The longest delay of a rate limited key. 1000 s as in client-go. */
  readonly maxDelayMs?: number
}

interface Delayed {
  readonly dueMs: number
  readonly timer: Timer
}

/** After client-go v1.36 util/workqueue queue.go, delaying_queue.go and default_rate_limiters.go. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyQueue(options)
}

/** The front of the list is cut off when this many keys were taken from it. */
const compactAfter = 1024

class KeyQueue implements WorkQueue {
  readonly #clock: Clock
  readonly #baseDelayMs: number
  readonly #maxDelayMs: number
  /** Keys in the order they will be worked on, from `#head` on. Each is dirty and not being processed. */
  #waiting: string[] = []
  #head = 0
  /** Keys that need work, whether they wait or are worked on right now and were added again. */
  readonly #dirty = new Set<string>()
  /** Keys handed out and not done. One that is also dirty waits again as soon as it is done. */
  readonly #processing = new Set<string>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #failures = new Map<string, number>()
  /** Workers that found nothing to do. Empty whenever a key waits. */
  readonly #idle: ((key: string | undefined) => void)[] = []
  #stopped = false

  constructor({ clock, baseDelayMs = 5, maxDelayMs = 1_000_000 }: WorkQueueOptions) {
    this.#clock = clock
    this.#baseDelayMs = baseDelayMs
    this.#maxDelayMs = maxDelayMs
  }

  // Handed around as functions of their own, hence arrows.
  readonly add = (key: string): void => {
    if (this.#stopped || this.#dirty.has(key)) return
    this.#dirty.add(key)
    if (!this.#processing.has(key)) this.#offer(key)
  }

  readonly addAfter = (key: string, delayMs: number): void => {
    if (this.#stopped) return
    if (delayMs <= 0) {
      this.add(key)
      return
    }
    const dueMs = this.#clock.monotonicMs() + delayMs
    const pending = this.#delayed.get(key)
    if (pending && pending.dueMs <= dueMs) return
    pending?.timer.cancel()
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { dueMs, timer: timer.unref() })
  }

  addRateLimited(key: string): void {
    const count = this.retriesOf(key)
    this.#failures.set(key, count + 1)
    this.addAfter(key, Math.min(this.#baseDelayMs * 2 ** count, this.#maxDelayMs))
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }

  retriesOf(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  next(): Promise<string | undefined> {
    const key = this.#take()
    if (key !== undefined || this.#stopped) return Promise.resolve(key)
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  done(key: string): void {
    this.#processing.delete(key)
    if (this.#dirty.has(key)) this.#offer(key)
  }

  shutDown(): void {
    this.#stopped = true
    for (const { timer } of this.#delayed.values()) timer.cancel()
    this.#delayed.clear()
    for (const worker of this.#idle.splice(0)) worker(undefined)
  }

  get length(): number {
    return this.#waiting.length - this.#head
  }

  get inFlight(): number {
    return this.#processing.size
  }

  get delayed(): number {
    return this.#delayed.size
  }

  #offer(key: string): void {
    this.#waiting.push(key)
    const worker = this.#idle.shift()
    if (worker) worker(this.#take())
  }

  #take(): string | undefined {
    const key = this.#waiting[this.#head]
    if (key === undefined) return undefined
    this.#head += 1
    if (this.#head > compactAfter && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    this.#processing.add(key)
    this.#dirty.delete(key)
    return key
  }
}
