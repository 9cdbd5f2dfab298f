/** No client is asked to wait longer than this, in seconds. After dropped_requests_tracker.go v1.36. */
const longestRetrySeconds = 32

interface DroppedInSecond {
  readonly second: number
  count: number
}

/**
 * After how many seconds refused clients of one priority level are to come back: doubled while many are refused, one
 * less for each second in which few are.
 */
export class DroppedRequests {
  #history: DroppedInSecond[] = []
  #current: DroppedInSecond = { second: 0, count: 0 }
  #raisedAt = 0
  retryAfterSeconds = 1

  record(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    if (second === this.#current.second) {
      this.#current.count++
      return
    }
    const kept = Math.min(2 * this.retryAfterSeconds, longestRetrySeconds)
    this.#history = [...this.#history, this.#current].filter((each) => second - each.second <= kept)
    this.#current = { second, count: 1 }
    this.#adjust(second)
  }

  #adjust(second: number): void {
    const seconds = this.retryAfterSeconds
    const recent = this.#history.filter((each) => second - each.second <= seconds)
    const dropped = recent.reduce((sum, { count }) => sum + count, 0)
    if (second - this.#raisedAt >= seconds && dropped >= 3 * seconds) {
      this.retryAfterSeconds = Math.min(2 * seconds, longestRetrySeconds)
      this.#raisedAt = second
    } else if (dropped < seconds && seconds > 1) this.retryAfterSeconds--
  }
}
