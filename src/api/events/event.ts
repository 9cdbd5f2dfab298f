import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { eventColumns, objectFields } from '../core/event.ts'
import { define } from '../define.ts'
import type { Event as CoreEvent } from '../types/core/v1.ts'
import type { Event } from '../types/events/v1.ts'
import { eventsV1 } from '../types/resources.ts'
import { validateNewEvent, validateNewEventUpdate } from '../validation/event.ts'

/** The two names that one field has in events.k8s.io/v1 and in core/v1, where events are stored. */
const renamed: readonly (readonly [string, string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
]

const toCoreName = new Map(renamed)
const fromCoreName = new Map(renamed.map(([name, coreName]) => [coreName, name] as const))

function rename<T extends KubeObject>(object: object, names: ReadonlyMap<string, string>, apiVersion: string): T {
  const entries = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value])
  return { ...Object.fromEntries(entries), apiVersion }
}

export function toCoreEvent(object: DeepReadonly<Event>): CoreEvent {
  return rename(object, toCoreName, 'v1')
}

function fromCoreEvent(object: DeepReadonly<KubeObject>): Event {
  return rename(object, fromCoreName, 'events.k8s.io/v1')
}

export const eventV1 = define(eventsV1, {
  storagePrefix: 'events',
  conversion: {
    storageApiVersion: 'v1',
    toStorage: (object) => toCoreEvent(object as DeepReadonly<Event>),
    fromStorage: fromCoreEvent,
  },
  allowCreateOnUpdate: true,
  validate: (object) => validateNewEvent(toCoreEvent(object)),
  validateUpdate: (object, old) => validateNewEventUpdate(toCoreEvent(object), toCoreEvent(old)),
  columns: eventColumns.map((column) => ({
    ...column,
    cell: (object, nowMs) => column.cell(toCoreEvent(object), nowMs),
  })),
  selectableFields: {
    ...Object.fromEntries(
      Object.entries(objectFields('regarding')).map(([name, value]) => [
        name,
        (object: DeepReadonly<Event>) => value(toCoreEvent(object)),
      ]),
    ),
    reason: (object) => object.reason ?? '',
    reportingController: (object) => object.reportingController ?? '',
    type: (object) => object.type ?? '',
  },
})
