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
export function createWorkQueue({ clock, baseDelayMs = 5, maxDelayMs = 1_000_000 }: WorkQueueOptions): WorkQueue {
  /** Keys in the order they will be worked on. Each is in `dirty` and not in `processing`. */
  let waiting: string[] = []
  let head = 0
  /** Keys that need work, whether they wait or are worked on right now and were added again. */
  const dirty = new Set<string>()
  /** Keys handed out and not done. One that is also dirty waits again as soon as it is done. */
  const processing = new Set<string>()
  const delayed = new Map<string, Delayed>()
  const failures = new Map<string, number>()
  const idleWorkers: ((key: string | undefined) => void)[] = []
  let stopped = false

  const take = (): string | undefined => {
    const key = waiting[head]
    if (key === undefined) return undefined
    head += 1
    if (head > 1024 && head * 2 > waiting.length) {
      waiting = waiting.slice(head)
      head = 0
    }
    processing.add(key)
    dirty.delete(key)
    return key
  }
  const offer = (key: string) => {
    waiting.push(key)
    const worker = idleWorkers.shift()
    if (worker) worker(take())
  }
  const add = (key: string) => {
    if (stopped || dirty.has(key)) return
    dirty.add(key)
    if (!processing.has(key)) offer(key)
  }
  const addAfter = (key: string, delayMs: number) => {
    if (stopped) return
    if (delayMs <= 0) return add(key)
    const dueMs = clock.monotonicMs() + delayMs
    const pending = delayed.get(key)
    if (pending && pending.dueMs <= dueMs) return
    pending?.timer.cancel()
    const timer = clock.setTimer(delayMs, () => {
      delayed.delete(key)
      add(key)
    })
    delayed.set(key, { dueMs, timer: timer.unref() })
  }
  return {
    add,
    addAfter,
    addRateLimited(key) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      addAfter(key, Math.min(baseDelayMs * 2 ** count, maxDelayMs))
    },
    forget: (key) => void failures.delete(key),
    retriesOf: (key) => failures.get(key) ?? 0,
    next() {
      const key = take()
      if (key !== undefined || stopped) return Promise.resolve(key)
      return new Promise((resolve) => idleWorkers.push(resolve))
    },
    done(key) {
      processing.delete(key)
      if (dirty.has(key)) offer(key)
    },
    shutDown() {
      stopped = true
      for (const { timer } of delayed.values()) timer.cancel()
      delayed.clear()
      for (const worker of idleWorkers.splice(0)) worker(undefined)
    },
    get length() {
      return waiting.length - head
    },
    get inFlight() {
      return processing.size
    },
    get delayed() {
      return delayed.size
    },
  }
}
