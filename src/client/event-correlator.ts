import { formatTime } from '../machinery/time.ts'
import { LeastRecentlyUsed } from './least-recently-used.ts'

/** What an event says, before it has a name and a count. */
export interface Occurrence {
  readonly involvedObject: InvolvedObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly component: string
  readonly host: string
}

export interface InvolvedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly fieldPath?: string
}

/** What is to be written: a new event, or a count on one that was written before. */
export interface Correlated {
  readonly key: string
  readonly name: string
  readonly message: string
  readonly count: number
  readonly firstTimestamp: string
  readonly lastTimestamp: string
}

/** client-go's bounds: v1.36 tools/record events_cache.go. */
const maxEntries = 4096
const maxSimilarEvents = 10
const similarWithinMs = 600_000
const spamBurst = 25
const spamRefillMs = 300_000

interface Similar {
  readonly messages: Set<string>
  readonly lastMs: number
}

interface Bucket {
  readonly tokens: number
  readonly filledMs: number
}

interface Observation {
  readonly name: string
  readonly count: number
  readonly firstTimestamp: string
}

/**
 * Keeps events few: the same event again becomes a count, the eleventh that differs by its message alone within ten
 * minutes becomes "(combined from similar events)", and past 25 on one object only one in five minutes goes through.
 * After client-go v1.36 tools/record EventCorrelator.
 */
export class EventCorrelator {
  readonly #similar = new LeastRecentlyUsed<string, Similar>(maxEntries)
  readonly #buckets = new LeastRecentlyUsed<string, Bucket>(maxEntries)
  readonly #observations = new LeastRecentlyUsed<string, Observation>(maxEntries)
  #sequence = 0

  /** Undefined when the event is to be dropped as spam. */
  correlate(occurrence: Occurrence, nowMs: number): Correlated | undefined {
    const { key, message } = this.#aggregate(occurrence, nowMs)
    const previous = this.#observations.get(key)
    const lastTimestamp = formatTime(nowMs)
    const observation: Observation = {
      name: previous?.name ?? this.#nameFor(occurrence, nowMs),
      count: (previous?.count ?? 0) + 1,
      firstTimestamp: previous?.firstTimestamp ?? lastTimestamp,
    }
    this.#observations.set(key, observation)
    if (!this.#takeToken(spamKey(occurrence), nowMs)) return undefined
    return { key, message, lastTimestamp, ...observation }
  }

  #aggregate(occurrence: Occurrence, nowMs: number): { key: string; message: string } {
    const groupKey = aggregateKey(occurrence)
    const known = this.#similar.get(groupKey)
    const fresh = !known || nowMs - known.lastMs > similarWithinMs
    const messages = fresh ? new Set<string>() : known.messages
    messages.add(occurrence.message)
    this.#similar.set(groupKey, { messages, lastMs: nowMs })
    const { message } = occurrence
    if (messages.size < maxSimilarEvents) return { key: eventKey(occurrence), message }
    // Keep the set at its bound: any one of the messages may go.
    for (const first of messages) {
      messages.delete(first)
      break
    }
    return { key: groupKey, message: `(combined from similar events): ${message}` }
  }

  #takeToken(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: spamBurst, filledMs: nowMs }
    const tokens = Math.min(spamBurst, bucket.tokens + (nowMs - bucket.filledMs) / spamRefillMs)
    const granted = tokens >= 1
    this.#buckets.set(key, { tokens: granted ? tokens - 1 : tokens, filledMs: nowMs })
    return granted
  }

  /** `<object>.<nanoseconds in hex>`; the sequence keeps two of the same millisecond apart. */
  #nameFor({ involvedObject }: Occurrence, nowMs: number): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000
    const nanoseconds = BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.#sequence)
    return `${involvedObject.name}.${nanoseconds.toString(16)}`
  }
}

function objectPart({ involvedObject, component, host }: Occurrence): string[] {
  const { kind, namespace = '', name, uid = '', apiVersion } = involvedObject
  return [component, host, kind, namespace, name, uid, apiVersion]
}

function spamKey(occurrence: Occurrence): string {
  return JSON.stringify([...objectPart(occurrence), occurrence.type])
}

function aggregateKey(occurrence: Occurrence): string {
  return JSON.stringify([...objectPart(occurrence), occurrence.type, occurrence.reason])
}

function eventKey(occurrence: Occurrence): string {
  const { involvedObject, type, reason, message } = occurrence
  return JSON.stringify([...objectPart(occurrence), involvedObject.fieldPath ?? '', type, reason, message])
}
