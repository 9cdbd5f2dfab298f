import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, invalidField, invalidWithoutValue, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Job, JobStatus } from '../types/batch/v1.ts'
import { checkNonNegative } from './checks.ts'
import { firstCommonIndex, readIndexes } from './index-intervals.ts'

/**
 * What a controller may say of its Job. Most rules are asked only when what they are about changes, so that a status
 * from before stays writable. After pkg/apis/batch/validation ValidateJobStatusUpdate v1.36.
 */

type ReadonlyJob = DeepReadonly<Job>
type Status = DeepReadonly<JobStatus>

interface Change {
  readonly job: ReadonlyJob
  readonly now: Status
  readonly before: Status
}

const holds = (status: Status, type: string, value = 'True') =>
  status.conditions?.some((condition) => condition.type === type && condition.status === value) ?? false

const isComplete = (status: Status) => holds(status, 'Complete')
const isFailed = (status: Status) => holds(status, 'Failed')
const isFinished = (status: Status) => isComplete(status) || isFailed(status)
const isSuccessful = (status: Status) => holds(status, 'SuccessCriteriaMet')
const isFailing = (status: Status) => holds(status, 'FailureTarget')

const conditionsPath = 'status.conditions'

export function validateJobStatus(job: ReadonlyJob, old: ReadonlyJob): FieldError[] {
  const errors: FieldError[] = []
  const change: Change = { job, now: job.status ?? {}, before: old.status ?? {} }
  checkCounts(change, errors)
  checkCompletion(change, errors)
  checkFinished(change, errors)
  checkIndexes(change, errors)
  checkSuccess(change, errors)
  checkNoWayBack(change, errors)
  return errors
}

/** Whether one of the questions has another answer than before. */
function hasChanged({ now, before }: Change, ...asked: readonly ((status: Status) => unknown)[]): boolean {
  return asked.some((ask) => !isDeepStrictEqual(ask(now), ask(before)))
}

function checkCounts({ now }: Change, errors: FieldError[]): void {
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    checkNonNegative(now[field], `status.${field}`, errors)
  }
  const seen = new Set<string>()
  for (const field of ['succeeded', 'failed'] as const) {
    now.uncountedTerminatedPods?.[field]?.forEach((uid, index) => {
      const path = `status.uncountedTerminatedPods.${field}[${index}]`
      if (uid === '') errors.push(invalidField(path, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicateField(path, uid))
      seen.add(uid)
    })
  }
}

const completionTimeOf = ({ completionTime }: Status) => completionTime
const startTimeOf = ({ startTime }: Status) => startTime

function checkCompletion(change: Change, errors: FieldError[]): void {
  const { now } = change
  const { completionTime, startTime } = now
  const path = 'status.completionTime'
  const never = (why: string) => errors.push(invalidWithoutValue(conditionsPath, why))
  if (hasChanged(change, isComplete, isFailed) && isComplete(now) && isFailed(now)) {
    never('cannot set Complete=True and Failed=true conditions')
  }
  if (hasChanged(change, isComplete, isFailing) && isComplete(now) && isFailing(now)) {
    never('cannot set Complete=True and FailureTarget=true conditions')
  }
  if (hasChanged(change, isComplete, completionTimeOf)) {
    if (completionTime !== undefined && !isComplete(now)) {
      const why = 'cannot set completionTime when there is no Complete=True condition'
      errors.push(invalidField(path, completionTime, why))
    }
    if (completionTime === undefined && isComplete(now)) {
      errors.push(requiredField(path, 'completionTime is required for Complete jobs'))
    }
  }
  const isTimed = completionTime !== undefined && startTime !== undefined
  const isReversed = isTimed && Date.parse(completionTime) < Date.parse(startTime)
  if (isReversed && hasChanged(change, startTimeOf, completionTimeOf)) {
    errors.push(invalidField(path, completionTime, 'must be equal to or after `startTime`'))
  }
  if (hasChanged(change, isFailed, ({ failedIndexes }) => failedIndexes) && isFailed(now) && !isFailing(now)) {
    never('cannot set Failed=True condition without the FailureTarget=true condition')
  }
  if (hasChanged(change, isComplete, isSuccessful) && isComplete(now) && !isSuccessful(now)) {
    never('cannot set Complete=True condition without the SuccessCriteriaMet=true condition')
  }
}

/** A Job that is over has no Pods that are not. */
function checkFinished(change: Change, errors: FieldError[]): void {
  const { job, now } = change
  if (!isFinished(now)) return
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = now
  if (active > 0 && hasChanged(change, isFinished, (status) => status.active)) {
    errors.push(invalidField('status.active', active, 'active>0 is invalid for finished job'))
  }
  const startsNothing = job.spec?.suspend === true && job.spec.completions === 0
  if (startTime === undefined && hasChanged(change, isFinished, startTimeOf) && !startsNothing) {
    errors.push(requiredField('status.startTime', 'startTime is required for finished job'))
  }
  const count = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0)
  if (count > 0 && hasChanged(change, isFinished, (status) => status.uncountedTerminatedPods)) {
    const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null }
    errors.push(invalidField('status.uncountedTerminatedPods', shown, 'must be empty for finished job'))
  }
}

function checkIndexes(change: Change, errors: FieldError[]): void {
  const { job, now } = change
  const { completions, backoffLimitPerIndex, completionMode } = job.spec ?? {}
  const { completedIndexes: completed = '', failedIndexes: failed } = now
  const path = (field: string) => `status.${field}`
  const isCompletedNew = hasChanged(change, (status) => status.completedIndexes)
  const isFailedNew = hasChanged(change, (status) => status.failedIndexes)
  const check = (field: string, text: string) => {
    const read = readIndexes(text, completions!)
    if (!read.ok) errors.push(invalidField(path(field), text, `error parsing ${field}: ${read.why}`))
  }
  if (isCompletedNew && completions !== undefined) check('completedIndexes', completed)
  const hasLimit = backoffLimitPerIndex !== undefined
  if (isFailedNew && completions !== undefined && hasLimit && failed !== undefined) check('failedIndexes', failed)
  if (isCompletedNew && completed !== '' && completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode'
    errors.push(invalidField(path('completedIndexes'), completed, why))
  }
  if (isFailedNew && !hasLimit && failed !== undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'
    errors.push(invalidField(path('failedIndexes'), failed, why))
  }
  if ((!isFailedNew && !isCompletedNew) || completions === undefined || failed === undefined) return
  const shared = firstCommonIndex(completed, failed, completions)
  if (shared === undefined) return
  const why = `failedIndexes and completedIndexes overlap at index: ${shared}`
  errors.push(invalidField(path('failedIndexes'), failed, why))
}

function checkSuccess(change: Change, errors: FieldError[]): void {
  const { job, now } = change
  const { terminating = 0, ready, active = 0 } = now
  const never = (why: string) => errors.push(invalidWithoutValue(conditionsPath, why))
  if (terminating > 0 && isFinished(now) && hasChanged(change, isFinished, (status) => status.terminating)) {
    errors.push(invalidField('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
  }
  const hasMoved = hasChanged(
    change,
    (status) => status.ready,
    (status) => status.active,
  )
  if (hasMoved && ready !== undefined && ready > active) {
    errors.push(invalidField('status.ready', ready, 'cannot set more ready pods than active'))
  }
  if (isSuccessful(now) && isFailed(now)) never('cannot set SuccessCriteriaMet=True and Failed=true conditions')
  if (isSuccessful(now) && isFailing(now)) {
    never('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions')
  }
  if (job.spec?.successPolicy && !isSuccessful(now) && isComplete(now)) {
    never('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')
  }
}

/** What has happened has happened. */
function checkNoWayBack({ job, now, before }: Change, errors: FieldError[]): void {
  const never = (why: string) => errors.push(invalidWithoutValue(conditionsPath, why))
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (holds(before, type) && !holds(now, type)) never(`cannot disable the terminal ${type}=True condition`)
  }
  const { completionMode, completions, parallelism, suspend } = job.spec ?? {}
  const isElastic = completionMode === 'Indexed' && completions === parallelism
  const fewer = (field: 'failed' | 'succeeded') => {
    const count = now[field] ?? 0
    if (count >= (before[field] ?? 0)) return
    errors.push(invalidField(`status.${field}`, count, `cannot decrease the ${field} counter`))
  }
  fewer('failed')
  if (!isElastic) fewer('succeeded')
  const { completionTime, startTime } = now
  const hadTime = completionTime !== undefined && before.completionTime !== undefined
  if (hadTime && completionTime !== before.completionTime) {
    errors.push(invalidField('status.completionTime', completionTime, 'field is immutable'))
  }
  const isResuming = holds(before, 'Suspended') && holds(now, 'Suspended', 'False')
  const isRestarted = before.startTime !== undefined && before.startTime !== startTime
  if (isRestarted && !isResuming && !suspend) {
    const why = 'field is immutable for unsuspended job once set'
    errors.push(invalidField('status.startTime', startTime ?? null, why))
  }
  if (isSuccessful(before) && !isSuccessful(now)) never('cannot disable the SuccessCriteriaMet=True condition')
  if (isComplete(before) && !isSuccessful(before) && isSuccessful(now)) {
    never('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions')
  }
}
