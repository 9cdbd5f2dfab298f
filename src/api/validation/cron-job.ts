import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CronJob, CronJobSpec, JobTemplateSpec } from '../types/batch/v1.ts'
import { checkNonNegative, checkRequiredOneOf } from './checks.ts'
import { checkJobSpec } from './job.ts'
import { checkSchedule, checkTimeZone } from './schedule.ts'

/** CronJobs. After pkg/apis/batch/validation ValidateCronJobCreate and ValidateCronJobUpdate v1.36. */

type ReadonlyCronJob = DeepReadonly<CronJob>
type Spec = DeepReadonly<CronJobSpec>

const emptySpec: Spec = { schedule: '', jobTemplate: {} }

/** Eleven characters are for the number of the run in the names of Jobs. */
const maxNameLength = 52

export function validateCronJob({ spec = emptySpec, metadata }: ReadonlyCronJob): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, undefined, errors)
  const name = metadata?.name ?? ''
  if (name.length > maxNameLength) {
    errors.push(invalidField('metadata.name', name, `must be no more than ${maxNameLength} characters`))
  }
  return errors
}

export function validateCronJobUpdate({ spec = emptySpec }: ReadonlyCronJob, old: ReadonlyCronJob): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, old.spec ?? emptySpec, errors)
  return errors
}

function checkSpec(spec: Spec, old: Spec | undefined, errors: FieldError[]): void {
  if (!spec.schedule) errors.push(requiredField('spec.schedule'))
  else {
    const rules = { allowZone: old?.schedule?.includes('TZ') ?? false, timeZone: spec.timeZone }
    checkSchedule(spec.schedule, rules, 'spec.schedule', errors)
  }
  checkNonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', errors)
  if (!old || old.timeZone !== spec.timeZone) checkTimeZone(spec.timeZone, 'spec.timeZone', errors)
  checkRequiredOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', errors)
  checkJobTemplate(spec.jobTemplate ?? {}, 'spec.jobTemplate.spec', errors)
  checkNonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', errors)
  checkNonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', errors)
}

function checkJobTemplate({ spec }: DeepReadonly<JobTemplateSpec>, path: string, errors: FieldError[]): void {
  checkJobSpec(spec ?? { template: {} }, path, errors)
  if (spec?.selector) {
    errors.push(invalidField(`${path}.selector`, spec.selector, '`selector` will be auto-generated'))
  }
  if (spec?.manualSelector) errors.push(notSupportedField(`${path}.manualSelector`, true, ['nil', 'false']))
}
