import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Event } from '../types/core/v1.ts'
import { checkImmutable, checkQualifiedName, checkSubdomain } from './checks.ts'
import { type GoShape, goNumber, goPointer, goString, goStruct, goValue } from './go-json.ts'

/** Events in the form of core/v1, which is how both APIs keep them. After pkg/apis/core/validation/events.go v1.36. */

type ReadonlyEvent = DeepReadonly<Event>

const maxShortBytes = 128
const maxNoteBytes = 1024

/** The old API lets nearly everything pass. */
export function validateCoreEvent(event: ReadonlyEvent): FieldError[] {
  return commonErrors(event, 'reportingComponent')
}

/** The new one wants a time, a type and none of the old fields. */
export function validateNewEvent(event: ReadonlyEvent): FieldError[] {
  const errors = commonErrors(event, 'reportingController')
  checkSeries(event, errors)
  if (!event.eventTime) errors.push(requiredField('eventTime'))
  const { type = '', source } = event
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalidField('type', '', `has invalid value: ${type}`))
  const old = {
    firstTimestamp: event.firstTimestamp,
    lastTimestamp: event.lastTimestamp,
    count: event.count,
    source: source?.component || source?.host,
  }
  for (const [field, value] of Object.entries(old)) {
    if (value) errors.push(invalidField(field, '', 'needs to be unset'))
  }
  return errors
}

/** All but the series stays as it is. */
export function validateNewEventUpdate(event: ReadonlyEvent, old: ReadonlyEvent): FieldError[] {
  const errors = commonErrors(event, 'reportingController')
  if (!isDeepStrictEqual(event.series, old.series)) checkSeries(event, errors)
  for (const [field, name, shape] of fixedFields) {
    const isSame = isDeepStrictEqual(shape(event[field]), shape(old[field]))
    checkImmutable(isSame, shape(event[field]), name, errors)
  }
  return errors
}

const reference = goStruct([
  ['Kind', 'kind', goString],
  ['Namespace', 'namespace', goString],
  ['Name', 'name', goString],
  ['UID', 'uid', goString],
  ['APIVersion', 'apiVersion', goString],
  ['ResourceVersion', 'resourceVersion', goString],
  ['FieldPath', 'fieldPath', goString],
])

const source = goStruct([
  ['Component', 'component', goString],
  ['Host', 'host', goString],
])

/** In upstream's order, the reason twice; the names are those of the stored form. */
const fixedFields: readonly (readonly [field: keyof Event, name: string, shape: GoShape])[] = [
  ['involvedObject', 'involvedObject', reference],
  ['reason', 'reason', goString],
  ['message', 'message', goString],
  ['source', 'source', source],
  ['firstTimestamp', 'firstTimestamp', goValue],
  ['lastTimestamp', 'lastTimestamp', goValue],
  ['count', 'count', goNumber],
  ['reason', 'reason', goString],
  ['type', 'type', goString],
  ['eventTime', 'eventTime', goValue],
  ['action', 'action', goString],
  ['related', 'related', goPointer(reference)],
  ['reportingComponent', 'reportingController', goString],
  ['reportingInstance', 'reportingInstance', goString],
]

function checkSeries({ series }: ReadonlyEvent, errors: FieldError[]): void {
  if (!series) return
  if ((series.count ?? 0) < 2) errors.push(invalidField('series.count', '', 'should be at least 2'))
  if (!series.lastObservedTime) errors.push(requiredField('series.lastObservedTime'))
}

function commonErrors(event: ReadonlyEvent, reportingField: string): FieldError[] {
  const errors: FieldError[] = []
  const namespace = event.metadata?.namespace ?? ''
  const involved = event.involvedObject?.namespace ?? ''
  const isOld = !event.eventTime
  if (!mayStandIn(namespace, involved, isOld)) {
    errors.push(invalidField('involvedObject.namespace', involved, 'does not match event.namespace'))
  }
  if (!isOld) checkReport(event, reportingField, errors)
  checkSubdomain(namespace, 'namespace', errors)
  return errors
}

/** An event lies in the namespace of what it is about, or in `default` when that has none. */
function mayStandIn(namespace: string, involved: string, isOld: boolean): boolean {
  if (involved !== '') return !isOld || namespace === involved
  return namespace === 'default' || namespace === (isOld ? '' : 'kube-system')
}

function checkReport(event: ReadonlyEvent, reportingField: string, errors: FieldError[]): void {
  const { reportingComponent = '', message = '' } = event
  if (reportingComponent === '') errors.push(requiredField(reportingField))
  checkQualifiedName(reportingComponent, reportingField, errors)
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const text = event[field] ?? ''
    if (text === '') errors.push(requiredField(field))
    checkLength(text, maxShortBytes, field, errors)
  }
  checkLength(message, maxNoteBytes, 'message', errors)
}

function checkLength(text: string, most: number, path: string, errors: FieldError[]): void {
  if (Buffer.byteLength(text) > most) errors.push(invalidField(path, '', `can have at most ${most} characters`))
}
