import { isDeepStrictEqual } from 'node:util'
import { humanDuration } from '../../machinery/duration.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { dropDisabledPodFields } from '../core/disabled-fields.ts'
import { applyPodSpecDefaults } from '../core/pod-spec-defaults.ts'
import { hostnameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, formatLabelSelector, nameColumn, text, wide } from '../printing.ts'
import type { Job, JobSpec } from '../types/batch/v1.ts'
import { jobs } from '../types/resources.ts'
import { validateJob, validateJobUpdate } from '../validation/job.ts'
import { validateJobStatus } from '../validation/job-status.ts'

const maxInt32 = 2 ** 31 - 1

function applyDefaults(job: Job): void {
  const { spec } = job
  if (!spec) return
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32
  copyTemplateLabels(job)
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
  applyJobSpecDefaults(spec)
}

function copyTemplateLabels({ metadata, spec }: Job): void {
  const labels = spec?.template?.metadata?.labels
  if (metadata && labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}

/** What the template of a CronJob gets as well. */
export function applyJobSpecDefaults(spec: JobSpec): void {
  for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of onPodConditions ?? []) pattern.status ||= 'True'
  }
  if (spec.template?.spec) applyPodSpecDefaults(spec.template.spec)
}

/**
 * Marks the Pods of this very Job, unless the user selects them by hand. `controller-uid` and `job-name` are the old
 * names of the labels. After registry/batch/job generateSelector.
 */
function generateSelector(job: Job): void {
  const { spec, metadata } = job
  if (!spec || spec.manualSelector === true || !metadata?.uid) return
  const { name = '' } = metadata
  const owned: Record<string, string> = {
    'controller-uid': metadata.uid,
    'batch.kubernetes.io/controller-uid': metadata.uid,
    'job-name': name,
    'batch.kubernetes.io/job-name': name,
  }
  spec.template ??= {}
  spec.template.metadata ??= {}
  const own = spec.template.metadata.labels
  // A Job without labels of its own has those of its template, these included.
  const hasTemplateLabels = isDeepStrictEqual(metadata.labels ?? {}, own ?? {})
  const labels = inOrder({ ...owned, ...own })
  spec.template.metadata.labels = labels
  if (hasTemplateLabels) metadata.labels = { ...labels }
  spec.selector ??= {}
  const uidLabel = { 'batch.kubernetes.io/controller-uid': metadata.uid }
  spec.selector.matchLabels = inOrder({ ...uidLabel, ...spec.selector.matchLabels })
}

/** As Go writes maps. */
function inOrder(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1)))
}

const manyCompletions = 100_000
const muchParallelism = 10_000

/** Warnings of a Job's spec, which stands at `path`. After pkg/api/job WarningsForJobSpec v1.36. */
export function jobSpecWarnings(spec: DeepReadonly<JobSpec> | undefined, path: string): string[] {
  if (!spec) return []
  const { completionMode, completions = 0, parallelism = 0, template } = spec
  const isVast = completionMode === 'Indexed' && completions > manyCompletions && parallelism > muchParallelism
  const why =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail'
  return [...(isVast ? [`${path}: ${why}`] : []), ...podTemplateWarnings(template, `${path}.template`)]
}

function jobWarnings({ metadata, spec }: DeepReadonly<Job>, old: DeepReadonly<Job> | undefined): string[] {
  if (!old) return [...hostnameWarnings(metadata?.name, 'Pod names and hostnames'), ...jobSpecWarnings(spec, 'spec')]
  return metadata?.generation === old.metadata?.generation ? [] : jobSpecWarnings(spec, 'spec')
}

const conditionOrder = ['Complete', 'Failed', 'Terminating', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet']

function statusText({ metadata, status }: DeepReadonly<Job>): string {
  const holds = (type: string) =>
    type === 'Terminating'
      ? Boolean(metadata?.deletionTimestamp)
      : status?.conditions?.find((condition) => condition.type === type)?.status === 'True'
  return conditionOrder.find(holds) ?? 'Running'
}

function completionsText({ spec, status }: DeepReadonly<Job>): string {
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationText({ status }: DeepReadonly<Job>, nowMs: number): string {
  if (!status?.startTime) return ''
  const endMs = status.completionTime ? Date.parse(status.completionTime) : nowMs
  return humanDuration(endMs - Date.parse(status.startTime))
}

export const job = define(jobs, {
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  metadataChecksOnUpdate: ['whole', 'own', 'change'],
  status: { validateUpdate: validateJobStatus },
  warnings: jobWarnings,
  prepareForUpdate: (draft, old) => dropDisabledPodFields(draft.spec?.template?.spec, old.spec?.template?.spec),
  applyDefaults,
  prepareForCreate: (draft) => {
    generateSelector(draft)
    dropDisabledPodFields(draft.spec?.template?.spec)
  },
  generationFields: ['spec'],
  defaultPropagation: 'Orphan',
  defaultPropagationWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  selectableFields: { 'status.successful': (object) => String(object.status?.succeeded ?? 0) },
  columns: [
    nameColumn,
    text('Status', statusText),
    text('Completions', completionsText),
    text('Duration', durationText),
    ageColumn,
    ...containerColumns((object: DeepReadonly<Job>) => object.spec?.template?.spec?.containers),
    wide('Selector', (object) => formatLabelSelector(object.spec?.selector)),
  ],
})
