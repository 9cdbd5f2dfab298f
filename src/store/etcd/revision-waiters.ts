import type { Clock, Timer } from '../../platform/clock.ts'
import type { Revision } from '../store.ts'
import { StoreError } from '../store-error.ts'

interface Waiter {
  readonly revision: Revision
  readonly timer: Timer
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export interface RevisionWaitersOptions {
  readonly clock: Clock
  /** A wait that takes longer fails with `Unavailable`. */
  readonly timeoutMs: number
}

/** Promises that resolve when a revision is reached. */
export class RevisionWaiters {
  readonly #options: RevisionWaitersOptions
  #waiting: Waiter[] = []

  constructor(options: RevisionWaitersOptions) {
    this.#options = options
  }

  wait(revision: Revision): Promise<void> {
    const { clock, timeoutMs } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = clock.setTimer(timeoutMs, () => {
      this.#waiting = this.#waiting.filter((waiter) => waiter.timer !== timer)
      const message = `The watch of etcd did not show revision ${revision} in ${timeoutMs} ms: check that etcd can be reached.`
      reject(new StoreError('Unavailable', message))
    })
    this.#waiting.push({ revision, timer, resolve, reject })
    return promise
  }

  reached(revision: Revision): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision)
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision)
    for (const { timer, resolve } of due) {
      timer.cancel()
      resolve()
    }
  }

  rejectAll(error: Error): void {
    for (const { timer, reject } of this.#waiting.splice(0)) {
      timer.cancel()
      reject(error)
    }
  }
}
