/** Delays that double up to a limit, each stretched by a random part of itself. */
export interface Backoff {
  /** The next delay in milliseconds. */
  next(): number
  /** The next delay is the first one again. */
  reset(): void
}

export interface BackoffOptions {
  readonly firstMs: number
  readonly limitMs: number
  /** 0: no jitter; 1: up to twice the delay. */
  readonly jitter: number
  /** In [0, 1). */
  readonly random: () => number
}

/** After apimachinery util/wait Backoff. */
export function createBackoff({ firstMs, limitMs, jitter, random }: BackoffOptions): Backoff {
  let delayMs = firstMs
  return {
    next() {
      const stretchedMs = delayMs * (1 + jitter * random())
      delayMs = Math.min(delayMs * 2, limitMs)
      return stretchedMs
    },
    reset() {
      delayMs = firstMs
    },
  }
}
