import type { Revision } from '../store.ts'

interface Waiter {
  readonly revision: Revision
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Promises that resolve when a revision is reached. */
export class RevisionWaiters {
  #waiting: Waiter[] = []

  wait(revision: Revision): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ revision, resolve, reject })
    return promise
  }

  reached(revision: Revision): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision)
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision)
    for (const { resolve } of due) resolve()
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
