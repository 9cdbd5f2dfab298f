import { event as eventDefinition } from '../api/core/event.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { type Entry, prefixEnd, type Store } from '../store/store.ts'
import { servedObject } from './rest/stored-object.ts'

export interface EventExpiryOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** How long an Event is kept after it was last written; upstream's --event-ttl. */
  readonly lifetimeMs: number
}

const prefix = '/registry/events/'
/** Events come in swarms: one look takes the whole swarm. */
const shortestPauseMs = 60_000
/** A timer cannot be set for more than some weeks. */
const longestPauseMs = 86_400_000
/** Deletions on their way at once; a store commits them together. */
const batch = 200

/**
 * Removes Events when their time is over, until `signal` aborts. Upstream leaves it to etcd's leases; here it is one
 * loop for every datastore, which sleeps until the next one is due.
 */
export async function expireEvents(options: EventExpiryOptions, signal: AbortSignal): Promise<void> {
  const { clock } = options
  while (!signal.aborted) {
    const dueMs = await removeExpired(options)
    const pauseMs = Math.max(dueMs - clock.nowMs(), shortestPauseMs)
    await clock.sleep(Math.min(pauseMs, longestPauseMs), signal)
  }
}

/** Answers when the next one is due. */
async function removeExpired({ store, clock, log, lifetimeMs }: EventExpiryOptions): Promise<number> {
  const nowMs = clock.nowMs()
  let nextMs = nowMs + lifetimeMs
  const expired: Entry[] = []
  for (const entry of store.snapshot().range(prefix, prefixEnd(prefix))) {
    const dueMs = writtenMs(entry, log) + lifetimeMs
    if (dueMs <= nowMs) expired.push(entry)
    else nextMs = Math.min(nextMs, dueMs)
  }
  try {
    for (let start = 0; start < expired.length; start += batch) {
      const removals = expired.slice(start, start + batch).map(({ key, revision }) => {
        // One that somebody has written since is not expired any more.
        return store.write({ key, value: undefined, expected: revision })
      })
      await Promise.all(removals)
    }
  } catch (error) {
    log.warn('expired events could not be removed', { error })
  }
  return nextMs
}

/** When an event was last written; one that cannot be read is kept. */
function writtenMs(entry: Entry, log: Logger): number {
  try {
    return lastWriteMs(servedObject(entry, eventDefinition).object)
  } catch (error) {
    log.warn('an event cannot be read', { key: entry.key, error })
    return Number.POSITIVE_INFINITY
  }
}

function lastWriteMs({ metadata }: DeepReadonly<KubeObject>): number {
  const times = [metadata?.creationTimestamp, ...(metadata?.managedFields ?? []).map(({ time }) => time)]
  return Math.max(0, ...times.map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time)))
}
