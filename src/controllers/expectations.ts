import type { Clock } from '../platform/clock.ts'

/** Longer than any event should take: past it the cache is believed again. As upstream, 5 minutes. */
const timeoutMs = 300_000

interface Expected {
  creations: number
  readonly deletions: Set<string>
  readonly setMs: number
}

/**
 * What a controller did and its cache does not show yet, by controller key. Until it does, or for five minutes, the
 * controller must not act on the cache again, or it would do the same twice. After pkg/controller controller_utils.go
 * UIDTrackingControllerExpectations.
 */
export class Expectations {
  readonly #clock: Clock
  readonly #expected = new Map<string, Expected>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the cache has caught up with all that was done for `key`. */
  satisfied(key: string): boolean {
    const expected = this.#expected.get(key)
    if (!expected) return true
    if (expected.creations <= 0 && expected.deletions.size === 0) return true
    return this.#clock.monotonicMs() - expected.setMs > timeoutMs
  }

  /** Deletions by uid, since a terminating object is seen more than once. */
  expect(key: string, { creations = 0, deletions = [] }: { creations?: number; deletions?: readonly string[] }): void {
    this.#expected.set(key, { creations, deletions: new Set(deletions), setMs: this.#clock.monotonicMs() })
  }

  creationObserved(key: string): void {
    const expected = this.#expected.get(key)
    if (expected) expected.creations -= 1
  }

  deletionObserved(key: string, uid: string): void {
    this.#expected.get(key)?.deletions.delete(uid)
  }

  forget(key: string): void {
    this.#expected.delete(key)
  }
}
