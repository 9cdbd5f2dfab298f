/** Upstream's waits before a container starts again: kubelet v1.36, kubelet.go. */
const firstDelayMs = 10_000
const longestDelayMs = 300_000

interface Entry {
  delayMs: number
  updatedAtMs: number
}

/** Waits that double from 10 s to 5 min, and begin anew after 10 quiet minutes. After client-go v1.36 flowcontrol backoff.go. */
export class BackOff {
  readonly #entries = new Map<string, Entry>()

  /** How long `key` still has to wait when its last failure was at `sinceMs`; 0: not at all. */
  remainingMs(key: string, sinceMs: number, nowMs: number): number {
    const entry = this.#entries.get(key)
    if (!entry || nowMs - entry.updatedAtMs > 2 * longestDelayMs) return 0
    return Math.max(0, sinceMs + entry.delayMs - nowMs)
  }

  /** The wait since the key was last counted, for failures that have no time of their own. */
  remainingSinceUpdateMs(key: string, nowMs: number): number {
    const entry = this.#entries.get(key)
    return entry ? this.remainingMs(key, entry.updatedAtMs, nowMs) : 0
  }

  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0
  }

  /** Counts one more attempt. `sinceMs` is when it last failed: a failure long after the last attempt starts anew. */
  next(key: string, sinceMs: number, nowMs: number): void {
    const entry = this.#entries.get(key)
    const expired = !entry || sinceMs - entry.updatedAtMs > 2 * longestDelayMs
    const delayMs = expired ? firstDelayMs : Math.min(entry.delayMs * 2, longestDelayMs)
    this.#entries.set(key, { delayMs, updatedAtMs: nowMs })
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }
}

/** A whole number of seconds as Go prints a Duration: `10s`, `1m20s`, `5m0s`. */
export function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
