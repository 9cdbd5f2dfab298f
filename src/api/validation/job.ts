import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField, tooLongField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { Job, JobSpec } from '../types/batch/v1.ts'
import { checkImmutable, checkNonNegative } from './checks.ts'
import { labelFormErrors } from './formats.ts'
import { checkDomainPrefixedPath } from './ingress-class.ts'
import { checkFailurePolicy, checkSuccessPolicy } from './job-policies.ts'
import { checkTemplateChange } from './job-template.ts'
import { checkLabelSelector, isInvalidSelector, type SelectorRules } from './label-selector.ts'
import { checkPodTemplate } from './pod.ts'
import { selectorMatches } from './workloads.ts'

/** Jobs. After pkg/apis/batch/validation ValidateJob and ValidateJobUpdate v1.36. */

type ReadonlyJob = DeepReadonly<Job>
type Spec = DeepReadonly<JobSpec>

const emptySpec: Spec = { template: {} }

export function validateJob(job: ReadonlyJob): FieldError[] {
  const errors: FieldError[] = []
  checkJob(job, { requirePrefixedLabels: true }, errors)
  return errors
}

interface JobRules extends SelectorRules {
  /** Jobs from before there were labels with a prefix do without them. */
  readonly requirePrefixedLabels: boolean
}

function checkJob(job: ReadonlyJob, rules: JobRules, errors: FieldError[]): void {
  const spec = job.spec ?? emptySpec
  checkGeneratedSelector(job, rules, errors)
  checkOwnSpec(spec, rules, errors)
  checkHostname(job.metadata?.name ?? '', spec, errors)
}

const legacyLabels = ['controller-uid', 'job-name'] as const
const prefixedLabels = ['batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'] as const

/** Unless its Pods are selected by hand, a Job selects those with its own labels. */
function checkGeneratedSelector(
  { metadata, spec = emptySpec }: ReadonlyJob,
  rules: JobRules,
  errors: FieldError[],
): void {
  if (spec.manualSelector || !spec.selector) return
  const { uid = '', name = '' } = metadata ?? {}
  if (uid === '') errors.push(requiredField('metadata.uid'))
  const wanted: Record<string, string> = {}
  for (const labels of rules.requirePrefixedLabels ? [legacyLabels, prefixedLabels] : [legacyLabels]) {
    wanted[labels[0]] = uid
    wanted[labels[1]] = name
  }
  const labels = spec.template?.metadata?.labels
  for (const [key, value] of Object.entries(wanted)) {
    const path = `spec.template.metadata.labels[${key}]`
    if (labels?.[key] === undefined) errors.push(requiredField(path, `must be '${value}'`))
    else if (labels[key] !== value) errors.push(invalidField(path, labels, `must be '${value}'`))
  }
  if (selectorMatches(spec.selector, wanted) === false) {
    errors.push(invalidField('spec.selector', spec.selector, '`selector` not auto-generated'))
  }
}

function checkOwnSpec(spec: Spec, rules: SelectorRules, errors: FieldError[]): void {
  checkJobSpec(spec, 'spec', errors)
  if (!spec.selector) errors.push(requiredField('spec.selector'))
  else checkLabelSelector(spec.selector, 'spec.selector', errors, rules)
  const labels = spec.template?.metadata?.labels
  if (selectorMatches(spec.selector, labels) === false) {
    const why = '`selector` does not match template `labels`'
    errors.push(invalidField('spec.template.metadata.labels', labels ?? null, why))
  }
}

/** The Pods of an indexed Job have its name and their index as hostname. */
function checkHostname(name: string, { completionMode, completions = 0 }: Spec, errors: FieldError[]): void {
  if (completionMode !== 'Indexed' || completions <= 0) return
  const hostname = `${name}-${completions - 1}`
  if (labelFormErrors(hostname).length === 0) return
  errors.push(invalidField('metadata.name', name, `will not able to create pod with invalid DNS label: ${hostname}`))
}

const countFields = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

const maxManagedByLength = 63

/** The spec of a Job, its selector apart, which templates of CronJobs do not have. */
export function checkJobSpec(spec: Spec, path: string, errors: FieldError[]): void {
  for (const field of countFields) checkNonNegative(spec[field], `${path}.${field}`, errors)
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(requiredField(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  if (spec.managedBy !== undefined) {
    checkDomainPrefixedPath(spec.managedBy, `${path}.managedBy`, errors)
    if (spec.managedBy.length > maxManagedByLength) errors.push(tooLongField(`${path}.managedBy`, maxManagedByLength))
  }
  checkCompletionMode(spec, path, errors)
  if (spec.podFailurePolicy) checkFailurePolicy(spec, `${path}.podFailurePolicy`, errors)
  checkSuccessPolicy(spec, `${path}.successPolicy`, errors)
  checkReplacementPolicy(spec, `${path}.podReplacementPolicy`, errors)
  checkPodTemplate(spec.template, `${path}.template`, errors)
  checkRestartPolicy(spec, `${path}.template.spec.restartPolicy`, errors)
}

function checkCompletionMode(spec: Spec, path: string, errors: FieldError[]): void {
  const { completionMode: mode = 'NonIndexed' } = spec
  if (mode === 'Indexed') {
    checkIndexed(spec, path, errors)
    return
  }
  if (mode !== 'NonIndexed') {
    errors.push(notSupportedField(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']))
    return
  }
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[field] === undefined) continue
    errors.push(invalidField(`${path}.${field}`, spec[field], 'requires indexed completion mode'))
  }
}

const maxIndexedParallelism = 100_000
const maxFailedIndexesOfAll = 100_000
const manyCompletions = 100_000
const mostBesideMany = 10_000

function checkIndexed(spec: Spec, path: string, errors: FieldError[]): void {
  const { completions, parallelism = 0, maxFailedIndexes } = spec
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', most: number, when: string) => {
    const value = spec[field]
    if (value === undefined || value <= most) return
    errors.push(invalidField(`${path}.${field}`, value, `must be less than or equal to ${most}${when}`))
  }
  if (completions === undefined) errors.push(requiredField(`${path}.completions`, 'when completion mode is Indexed'))
  atMost('parallelism', maxIndexedParallelism, ' when completion mode is Indexed')
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    const why = 'must be less than or equal to completions'
    errors.push(invalidField(`${path}.maxFailedIndexes`, maxFailedIndexes, why))
  }
  atMost('maxFailedIndexes', maxFailedIndexesOfAll, '')
  if ((completions ?? 0) <= manyCompletions || spec.backoffLimitPerIndex === undefined) return
  if (maxFailedIndexes === undefined) {
    const why = `must be specified when completions is above ${manyCompletions}`
    errors.push(requiredField(`${path}.maxFailedIndexes`, why))
  }
  const when = ` when completions are above ${manyCompletions} and used with backoff limit per index`
  if (parallelism > mostBesideMany) atMost('parallelism', mostBesideMany, when)
  atMost('maxFailedIndexes', mostBesideMany, when)
}

function checkReplacementPolicy(
  { podReplacementPolicy: policy, podFailurePolicy }: Spec,
  path: string,
  errors: FieldError[],
): void {
  if (policy === undefined) return
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  if (!supported.includes(policy)) errors.push(notSupportedField(path, policy, supported))
}

function checkRestartPolicy(spec: Spec, path: string, errors: FieldError[]): void {
  const policy = spec.template?.spec?.restartPolicy ?? ''
  if (policy === 'Always' || policy === '') {
    errors.push(requiredField(path, 'valid values: "OnFailure", "Never"'))
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    errors.push(notSupportedField(path, policy, ['OnFailure', 'Never']))
  } else if (spec.podFailurePolicy && policy !== 'Never') {
    errors.push(invalidField(path, policy, 'only "Never" is supported when podFailurePolicy is specified'))
  }
}

export function validateJobUpdate(job: ReadonlyJob, old: ReadonlyJob): FieldError[] {
  const errors: FieldError[] = []
  const spec = job.spec ?? emptySpec
  const before = old.spec ?? emptySpec
  const labels = before.template?.metadata?.labels ?? {}
  const rules: JobRules = {
    requirePrefixedLabels: prefixedLabels.every((label) => label in labels),
    allowInvalidValues: isInvalidSelector(before.selector),
  }
  // Upstream checks the spec once as that of a Job, and once as that of a change.
  checkJob(job, rules, errors)
  checkOwnSpec(spec, rules, errors)
  checkCompletions(spec, before, errors)
  checkSame(spec.selector, before.selector, 'selector', errors)
  checkTemplateChange(job, old, errors)
  checkSame(spec.completionMode, before.completionMode, 'completionMode', errors)
  const form = (name: 'PodFailurePolicy' | 'SuccessPolicy', value: object | undefined) => value && goForm(name, value)
  const failure = form('PodFailurePolicy', spec.podFailurePolicy)
  checkSame(failure, form('PodFailurePolicy', before.podFailurePolicy), 'podFailurePolicy', errors)
  checkSame(spec.backoffLimitPerIndex, before.backoffLimitPerIndex, 'backoffLimitPerIndex', errors)
  checkSame(spec.managedBy, before.managedBy, 'managedBy', errors)
  const success = form('SuccessPolicy', spec.successPolicy)
  checkSame(success, form('SuccessPolicy', before.successPolicy), 'successPolicy', errors)
  return errors
}

function checkSame(now: unknown, before: unknown, field: string, errors: FieldError[]): void {
  checkImmutable(isDeepStrictEqual(now, before), now ?? null, `spec.${field}`, errors)
}

/** An indexed Job may grow and shrink with its parallelism. */
function checkCompletions(spec: Spec, before: Spec, errors: FieldError[]): void {
  const { completions, parallelism } = spec
  if (spec.completionMode !== 'Indexed') {
    checkSame(completions, before.completions, 'completions', errors)
    return
  }
  if (completions === undefined || completions === before.completions || completions === parallelism) return
  errors.push(invalidField('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'))
}
