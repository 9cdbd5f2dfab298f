import { objectKey } from '../machinery/object.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { PodObject } from './pod-object.ts'

/**
 * Pods that wait for a node. A Pod is in one of three places:
 * - active: to be tried now, highest priority first, then oldest first;
 * - backing off: tried in vain and woken by an event, but not before its back-off (1 s doubling to 10 s) has passed;
 * - unschedulable: waits for an event that could help, at most five minutes.
 * After kube-scheduler backend/queue.
 */
export class SchedulingQueue {
  readonly #clock: Clock
  readonly #active = new PriorityHeap()
  readonly #waiting = new Map<string, Waiting>()
  /** Tries in vain, by key, as long as the Pod waits or is being tried. */
  readonly #attempts = new Map<string, number>()
  /** Counts the events that could help, so that one which comes during a Pod's cycle is not missed. */
  #events = 0
  #timer: Timer | undefined
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get length(): number {
    return this.#active.size + this.#waiting.size
  }

  /** A new Pod, or a changed one: tried at once. */
  add(pod: PodObject): void {
    this.#waiting.delete(objectKey(pod))
    this.#active.put(pod)
    this.#wake?.()
  }

  remove(key: string): void {
    this.#active.remove(key)
    this.#waiting.delete(key)
    this.#attempts.delete(key)
  }

  /** The next Pod to try; waits until there is one. `undefined` when `signal` aborts. */
  async next(signal: AbortSignal): Promise<QueuedPod | undefined> {
    while (!signal.aborted) {
      const pod = this.#active.pop()
      if (pod) {
        const key = objectKey(pod)
        this.#attempts.set(key, (this.#attempts.get(key) ?? 0) + 1)
        return { pod, events: this.#events }
      }
      await this.#untilWoken(signal)
    }
    return undefined
  }

  /** Puts back a Pod that found no node. If something happened since it was taken, it is tried again after back-off. */
  putBack({ pod, events }: QueuedPod): void {
    const key = objectKey(pod)
    if (this.#active.has(key)) return
    const nowMs = this.#clock.nowMs()
    const helped = events !== this.#events
    this.#waiting.set(key, { pod, triedMs: nowMs, dueMs: nowMs + (helped ? this.#backoffMs(key) : longestWaitMs) })
    this.#arm()
  }

  /** The Pod has its node: forgets its tries. */
  done(key: string): void {
    this.#attempts.delete(key)
  }

  /** Something happened that could help Pods waiting in vain: a node came or changed, a Pod went. */
  wakeWaiting(): void {
    this.#events++
    for (const [key, waiting] of this.#waiting) {
      waiting.dueMs = Math.min(waiting.dueMs, waiting.triedMs + this.#backoffMs(key))
    }
    this.#moveDue()
  }

  #backoffMs(key: string): number {
    const attempts = this.#attempts.get(key) ?? 1
    return Math.min(longestBackoffMs, shortestBackoffMs * 2 ** (attempts - 1))
  }

  #moveDue(): void {
    const nowMs = this.#clock.nowMs()
    for (const [key, { pod, dueMs }] of this.#waiting) {
      if (dueMs > nowMs) continue
      this.#waiting.delete(key)
      this.#active.put(pod)
    }
    if (this.#active.size > 0) this.#wake?.()
    this.#arm()
  }

  /** One timer for the earliest Pod that is due; none when nobody waits, so that an idle scheduler sleeps. */
  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    let earliestMs = Number.POSITIVE_INFINITY
    for (const { dueMs } of this.#waiting.values()) earliestMs = Math.min(earliestMs, dueMs)
    if (earliestMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.setTimer(earliestMs - this.#clock.nowMs(), () => this.#moveDue()).unref()
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
    })
  }

  close(): void {
    this.#timer?.cancel()
  }
}

/** A Pod taken from the queue, and how many events there had been then. */
export interface QueuedPod {
  readonly pod: PodObject
  readonly events: number
}

interface Waiting {
  readonly pod: PodObject
  readonly triedMs: number
  dueMs: number
}

const shortestBackoffMs = 1000
const longestBackoffMs = 10_000
const longestWaitMs = 5 * 60_000

/** A binary heap by priority, then by arrival, in which a Pod can be replaced or removed by its key. */
class PriorityHeap {
  readonly #items: HeapItem[] = []
  readonly #byKey = new Map<string, HeapItem>()
  #arrivals = 0

  get size(): number {
    return this.#byKey.size
  }

  has(key: string): boolean {
    return this.#byKey.has(key)
  }

  put(pod: PodObject): void {
    const key = objectKey(pod)
    const existing = this.#byKey.get(key)
    if (existing && existing.priority === (pod.spec?.priority ?? 0)) {
      existing.pod = pod
      return
    }
    this.remove(key)
    const item: HeapItem = { key, pod, priority: pod.spec?.priority ?? 0, arrival: this.#arrivals++ }
    this.#byKey.set(key, item)
    this.#items.push(item)
    this.#up(this.#items.length - 1)
  }

  /** Removed items stay in the array until they come up: cheaper than finding them. */
  remove(key: string): void {
    const item = this.#byKey.get(key)
    if (!item) return
    item.pod = undefined
    this.#byKey.delete(key)
  }

  pop(): PodObject | undefined {
    for (;;) {
      const first = this.#items[0]
      if (!first) return undefined
      const last = this.#items.pop()!
      if (this.#items.length > 0) {
        this.#items[0] = last
        this.#down(0)
      }
      if (!first.pod) continue
      this.#byKey.delete(first.key)
      return first.pod
    }
  }

  #up(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!isBefore(this.#items[child]!, this.#items[parent]!)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  #down(index: number): void {
    for (let parent = index; ; ) {
      let first = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#items.length && isBefore(this.#items[child]!, this.#items[first]!)) first = child
      }
      if (first === parent) return
      this.#swap(first, parent)
      parent = first
    }
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a]!
    this.#items[a] = this.#items[b]!
    this.#items[b] = item
  }
}

interface HeapItem {
  readonly key: string
  readonly priority: number
  readonly arrival: number
  pod: PodObject | undefined
}

function isBefore(a: HeapItem, b: HeapItem): boolean {
  return a.priority === b.priority ? a.arrival < b.arrival : a.priority > b.priority
}
