import type { Clock, Timer } from '../../platform/clock.ts'

/** How often a watch that wants bookmarks gets one, at most. */
const bookmarkIntervalMs = 60_000

/** One timer for all watches, so that a thousand of them wake the process no more often than one; none while idle. */
export interface BookmarkTicker {
  /** Calls `tick` about every minute. Returns what stops it. */
  add(tick: () => void): () => void
}

export function createBookmarkTicker(clock: Clock): BookmarkTicker {
  const ticks = new Set<() => void>()
  let timer: Timer | undefined
  const run = () => {
    for (const tick of ticks) tick()
    timer = clock.setTimer(bookmarkIntervalMs, run).unref()
  }
  return {
    add(tick) {
      ticks.add(tick)
      timer ??= clock.setTimer(bookmarkIntervalMs, run).unref()
      return () => {
        ticks.delete(tick)
        if (ticks.size > 0) return
        timer?.cancel()
        timer = undefined
      }
    },
  }
}
