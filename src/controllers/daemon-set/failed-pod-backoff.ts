import type { Clock } from '../../platform/clock.ts'

/** Upstream's back-off for failed daemon Pods: 1 s, doubling up to 15 minutes. */
const firstMs = 1_000
const limitMs = 900_000

interface Entry {
  readonly delayMs: number
  readonly untilMs: number
}

/** How long a Pod that keeps failing on a node is left failed, by DaemonSet and node. */
export class FailedPodBackoff {
  readonly #clock: Clock
  readonly #entries = new Map<string, Map<string, Entry>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isOver(key: string, nodeName: string): boolean {
    return this.remainingMs(key, nodeName) === 0
  }

  remainingMs(key: string, nodeName: string): number {
    const untilMs = this.#entries.get(key)?.get(nodeName)?.untilMs ?? 0
    return Math.max(0, untilMs - this.#clock.monotonicMs())
  }

  /** A failed Pod is replaced now: the next one waits twice as long, or as at first after a quiet time. */
  note(key: string, nodeName: string): void {
    const nowMs = this.#clock.monotonicMs()
    const entries = this.#entries.get(key) ?? new Map<string, Entry>()
    this.#entries.set(key, entries)
    const last = entries.get(nodeName)
    const isQuiet = !last || nowMs - last.untilMs > 2 * limitMs
    const delayMs = isQuiet ? firstMs : Math.min(last.delayMs * 2, limitMs)
    entries.set(nodeName, { delayMs, untilMs: nowMs + delayMs })
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }
}
