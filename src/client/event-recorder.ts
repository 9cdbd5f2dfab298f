import type { Event } from '../api/types/core/v1.ts'
import { events } from '../api/types/resources.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import { isStatus, StatusError } from '../machinery/status.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { Client } from './client.ts'
import { type Correlated, EventCorrelator, type InvolvedObject, type Occurrence } from './event-correlator.ts'

export interface EventRecorder {
  /**
   * Notes that something happened to `object`, which must carry kind and apiVersion. Returns at once; the event is
   * written in the background, and dropped when the server cannot be reached for long or too many wait.
   */
  event(object: DeepReadonly<KubeObject>, type: 'Normal' | 'Warning', reason: string, message: string): void
  /** The same for a part of an object, or one that is known by its reference alone. */
  eventAbout(object: InvolvedObject, type: 'Normal' | 'Warning', reason: string, message: string): void
  /** Resolves when all events so far are written or dropped. */
  flush(): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: Client
  /** `From` in `kubectl describe`, such as `deployment-controller`. */
  readonly component: string
  /** The node, for kubelets. */
  readonly host?: string
  readonly clock: Clock
  readonly log: Logger
  /** Ends the waiting between attempts. */
  readonly signal?: AbortSignal
}

/** client-go's: v1.36 tools/record event.go. */
const maxWaiting = 1000
const maxAttempts = 12
const retryAfterMs = 10_000

/** Writes core/v1 Events as client-go's recorder does: counted, combined and bounded. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock, log, component, host = '' } = options
  const correlator = new EventCorrelator()
  let waiting = 0
  let last = Promise.resolve()

  const record = (occurrence: Occurrence): void => {
    if (waiting >= maxWaiting) {
      log.warn('event dropped, too many wait', { reason: occurrence.reason })
      return
    }
    const correlated = correlator.correlate(occurrence, clock.nowMs())
    if (!correlated) return
    waiting += 1
    // One after the other, so that a count never overtakes the event it counts on.
    last = last.then(async () => {
      await writePatiently(options, occurrence, correlated)
      waiting -= 1
    })
  }
  return {
    event: (object, type, reason, message) =>
      record({ involvedObject: referenceTo(object), type, reason, message, component, host }),
    eventAbout: (involvedObject, type, reason, message) =>
      record({ involvedObject, type, reason, message, component, host }),
    flush: () => last,
  }
}

/** A reference with all that identifies the object. After client-go tools/reference GetReference. */
export function referenceTo(object: DeepReadonly<KubeObject>): InvolvedObject {
  const { apiVersion = '', kind = '', metadata = {} } = object
  const { name = '', namespace, uid, resourceVersion } = metadata
  return {
    apiVersion,
    kind,
    name,
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
}

/** Never rejects: an event that cannot be written is logged. An answer that refuses it is final. */
async function writePatiently(
  { client, clock, log, signal }: EventRecorderOptions,
  occurrence: Occurrence,
  correlated: Correlated,
): Promise<void> {
  for (let attempt = 1; !signal?.aborted; attempt += 1) {
    try {
      return await write(client, occurrence, correlated)
    } catch (error) {
      const isFinal = error instanceof StatusError && !isStatus(error, 'TooManyRequests', 'ServiceUnavailable')
      if (isFinal || attempt >= maxAttempts) {
        return log.debug('event not written', { error, reason: occurrence.reason })
      }
      await clock.sleep(retryAfterMs, signal)
    }
  }
}

async function write(client: Client, occurrence: Occurrence, correlated: Correlated): Promise<void> {
  const resource = client.of(events)
  const namespace = occurrence.involvedObject.namespace ?? 'default'
  const { name, count, message, lastTimestamp } = correlated
  if (count > 1) {
    try {
      await resource.patch(name, { count, message, lastTimestamp }, { type: 'strategic', namespace })
      return
    } catch (error) {
      // Events expire: the one counted on may be gone.
      if (!isStatus(error, 'NotFound')) throw error
    }
  }
  await resource.create(eventOf(occurrence, correlated, namespace))
}

function eventOf(occurrence: Occurrence, correlated: Correlated, namespace: string): Event {
  const { involvedObject, type, reason, component, host } = occurrence
  const { name, message, count, firstTimestamp, lastTimestamp } = correlated
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject,
    type,
    reason,
    message,
    count,
    firstTimestamp,
    lastTimestamp,
    source: { component, ...(host ? { host } : {}) },
    reportingComponent: component,
    reportingInstance: host,
  }
}
