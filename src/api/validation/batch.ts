import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CronJob, Job, JobSpec } from '../types/batch/v1.ts'
import { checkImmutable, checkNonNegative, checkRequiredOneOf } from './checks.ts'
import { labelFormErrors } from './formats.ts'
import { checkLabelSelector } from './label-selector.ts'
import { checkPodTemplate } from './pod.ts'
import { checkSchedule, checkTimeZone } from './schedule.ts'
import { selectorMatches } from './workloads.ts'

/** Jobs and CronJobs. After pkg/apis/batch/validation. */

const countFields = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

const maxIndexedParallelism = 100_000

function checkJobSpec(spec: DeepReadonly<JobSpec>, path: string, errors: FieldError[]): void {
  for (const field of countFields) checkNonNegative(spec[field], `${path}.${field}`, errors)
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(requiredField(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  checkCompletionMode(spec, path, errors)
  checkReplacementPolicy(spec, `${path}.podReplacementPolicy`, errors)
  checkPodTemplate(spec.template, `${path}.template`, errors)
  checkJobRestartPolicy(spec, `${path}.template.spec.restartPolicy`, errors)
}

function checkCompletionMode(spec: DeepReadonly<JobSpec>, path: string, errors: FieldError[]): void {
  const { completionMode: mode = 'NonIndexed', completions, parallelism = 0, maxFailedIndexes } = spec
  if (mode === 'Indexed') {
    if (completions === undefined) errors.push(requiredField(`${path}.completions`, 'when completion mode is Indexed'))
    if (parallelism > maxIndexedParallelism) {
      const why = `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`
      errors.push(invalidField(`${path}.parallelism`, parallelism, why))
    }
    if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
      errors.push(
        invalidField(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'),
      )
    }
    return
  }
  if (mode !== 'NonIndexed') {
    return void errors.push(notSupportedField(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']))
  }
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[field] !== undefined) {
      errors.push(invalidField(`${path}.${field}`, spec[field], 'requires indexed completion mode'))
    }
  }
}

function checkReplacementPolicy(
  { podReplacementPolicy: policy, podFailurePolicy }: DeepReadonly<JobSpec>,
  path: string,
  errors: FieldError[],
): void {
  if (policy === undefined) return
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  if (!supported.includes(policy)) errors.push(notSupportedField(path, policy, supported))
}

function checkJobRestartPolicy(spec: DeepReadonly<JobSpec>, path: string, errors: FieldError[]): void {
  const policy = spec.template?.spec?.restartPolicy ?? ''
  if (policy === 'Always' || policy === '') {
    errors.push(requiredField(path, 'valid values: "OnFailure", "Never"'))
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    errors.push(notSupportedField(path, policy, ['OnFailure', 'Never']))
  } else if (spec.podFailurePolicy && policy !== 'Never') {
    errors.push(invalidField(path, policy, 'only "Never" is supported when podFailurePolicy is specified'))
  }
}

export function validateJob({ spec, metadata }: DeepReadonly<Job>): FieldError[] {
  const errors: FieldError[] = []
  if (!spec) return errors
  checkJobSpec(spec, 'spec', errors)
  if (!spec.selector) errors.push(requiredField('spec.selector'))
  else checkLabelSelector(spec.selector, 'spec.selector', errors)
  const labels = spec.template?.metadata?.labels
  if (selectorMatches(spec.selector, labels) === false) {
    const why = '`selector` does not match template `labels`'
    errors.push(invalidField('spec.template.metadata.labels', labels ?? null, why))
  }
  checkHostname(metadata?.name ?? '', spec, errors)
  return errors
}

/** The Pods of an indexed Job have its name and their index as hostname. */
function checkHostname(
  name: string,
  { completionMode, completions = 0 }: DeepReadonly<JobSpec>,
  errors: FieldError[],
): void {
  if (completionMode !== 'Indexed' || completions <= 0) return
  const hostname = `${name}-${completions - 1}`
  if (labelFormErrors(hostname).length === 0) return
  errors.push(invalidField('metadata.name', name, `will not able to create pod with invalid DNS label: ${hostname}`))
}

const immutableFields = ['selector', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

export function validateJobUpdate(object: DeepReadonly<Job>, old: DeepReadonly<Job>): FieldError[] {
  const errors: FieldError[] = []
  const { spec } = object
  if (!spec || !old.spec) return errors
  checkJobSpec(spec, 'spec', errors)
  const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!isElastic)
    checkImmutable(spec.completions === old.spec.completions, spec.completions ?? null, 'spec.completions', errors)
  const check = (field: (typeof immutableFields)[number] | 'template' | 'completionMode') =>
    checkImmutable(isDeepStrictEqual(spec[field], old.spec?.[field]), spec[field] ?? null, `spec.${field}`, errors)
  check('selector')
  check('template')
  check('completionMode')
  for (const field of immutableFields.slice(1)) check(field)
  return errors
}

const maxCronJobName = 52

export function validateCronJob({ spec, metadata }: DeepReadonly<CronJob>): FieldError[] {
  const errors: FieldError[] = []
  if (spec) {
    if (!spec.schedule) errors.push(requiredField('spec.schedule'))
    else checkSchedule(spec.schedule, 'spec.schedule', errors)
    checkNonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', errors)
    checkTimeZone(spec.timeZone, 'spec.timeZone', errors)
    checkRequiredOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', errors)
    if (spec.jobTemplate?.spec) {
      checkJobSpec(spec.jobTemplate.spec, 'spec.jobTemplate.spec', errors)
      if (spec.jobTemplate.spec.manualSelector) {
        const supported = ['nil', 'false']
        errors.push(notSupportedField('spec.jobTemplate.spec.manualSelector', true, supported))
      }
    }
    checkNonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', errors)
    checkNonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', errors)
  }
  const name = metadata?.name ?? ''
  if (name.length > maxCronJobName) {
    errors.push(invalidField('metadata.name', name, `must be no more than ${maxCronJobName} characters`))
  }
  return errors
}
