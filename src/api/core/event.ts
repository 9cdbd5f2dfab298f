import { humanAge } from '../../machinery/duration.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { define } from '../define.ts'
import { text, wide } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { Event } from '../types/core/v1.ts'
import { events } from '../types/resources.ts'
import { validateCoreEvent } from '../validation/event.ts'

type ReadonlyEvent = DeepReadonly<Event>

function firstSeen(event: ReadonlyEvent, nowMs: number): string {
  return humanAge(event.firstTimestamp ?? event.eventTime, nowMs)
}

function lastSeen(event: ReadonlyEvent, nowMs: number): string {
  if (event.series) return humanAge(event.series.lastObservedTime, nowMs)
  return event.lastTimestamp ? humanAge(event.lastTimestamp, nowMs) : firstSeen(event, nowMs)
}

function objectText({ involvedObject }: ReadonlyEvent): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase()
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind
}

function sourceText({ source, reportingComponent, reportingInstance }: ReadonlyEvent): string {
  const component = source?.component || reportingComponent || ''
  const instance = source?.host || reportingInstance || ''
  return instance === '' ? component : `${component}, ${instance}`
}

/** Wide only, and last: an event's name says little. */
const lastName: Column<Event> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 1,
  cell: (object) => object.metadata?.name ?? '',
}

/** Of both APIs: the tables are the same. */
export const eventColumns: readonly Column<Event>[] = [
  text<Event>('Last Seen', lastSeen),
  text('Type', (object) => object.type ?? ''),
  text('Reason', (object) => object.reason ?? ''),
  text<Event>('Object', objectText),
  wide('Subobject', (object) => object.involvedObject?.fieldPath ?? ''),
  wide<Event>('Source', sourceText),
  text('Message', (object) => (object.message ?? '').trim()),
  wide<Event>('First Seen', firstSeen),
  wide('Count', (object) => object.series?.count ?? (object.count || 1)),
  lastName,
]

type Selectable = Readonly<Record<string, (object: ReadonlyEvent) => string>>

/** What both APIs select by, about the object; the names differ in their first word. */
export function objectFields(prefix: 'involvedObject' | 'regarding'): Selectable {
  const names = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const
  return Object.fromEntries(
    names.map((name) => [`${prefix}.${name}`, (object: ReadonlyEvent) => object.involvedObject?.[name] ?? '']),
  )
}

export const event = define(events, {
  // Events of old clients have all kinds of names.
  validateName: pathSegmentName,
  allowCreateOnUpdate: true,
  validate: validateCoreEvent,
  validateUpdate: validateCoreEvent,
  metadataChecksOnUpdate: [],
  columns: eventColumns,
  selectableFields: {
    ...objectFields('involvedObject'),
    reason: (object) => object.reason ?? '',
    reportingComponent: (object) => object.reportingComponent ?? '',
    source: (object) => object.source?.component || object.reportingComponent || '',
    type: (object) => object.type ?? '',
  },
})
