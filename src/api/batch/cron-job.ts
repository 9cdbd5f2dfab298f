import { humanAge } from '../../machinery/duration.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { dropDisabledPodFields } from '../core/disabled-fields.ts'
import { hostnameWarnings } from '../core/pod-warnings.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, formatLabelSelector, integer, nameColumn, text, wide } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { CronJob } from '../types/batch/v1.ts'
import { cronJobs } from '../types/resources.ts'
import { validateCronJob, validateCronJobUpdate } from '../validation/cron-job.ts'
import { applyJobSpecDefaults, jobSpecWarnings } from './job.ts'

function applyDefaults({ spec }: CronJob): void {
  if (!spec) return
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  if (spec.jobTemplate?.spec) applyJobSpecDefaults(spec.jobTemplate.spec)
}

const templateOf = ({ spec }: CronJob) => spec?.jobTemplate?.spec?.template?.spec

function cronJobWarnings(object: DeepReadonly<CronJob>, old: DeepReadonly<CronJob> | undefined): string[] {
  const { metadata, spec } = object
  const jobSpec = spec?.jobTemplate?.spec
  if (!old) {
    const used = 'Pod names and hostnames'
    return [...hostnameWarnings(metadata?.name, used), ...jobSpecWarnings(jobSpec, 'spec.jobTemplate.spec')]
  }
  const isChanged = metadata?.generation !== old.metadata?.generation
  const moreAt = 'see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'
  const useField = `cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, ${moreAt}`
  return [
    ...(isChanged ? jobSpecWarnings(jobSpec, 'spec.jobTemplate.spec') : []),
    ...(spec?.schedule?.includes('TZ') ? [useField] : []),
  ]
}

const suspendColumn: Column<CronJob> = {
  name: 'Suspend',
  type: 'boolean',
  cell: ({ spec }) => (spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
}

export const cronJob = define(cronJobs, {
  validate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
  prepareForCreate: (draft) => dropDisabledPodFields(templateOf(draft)),
  prepareForUpdate: (draft, old) => dropDisabledPodFields(templateOf(draft), templateOf(old as CronJob)),
  status: { metadataChecksOnUpdate: [] },
  warnings: cronJobWarnings,
  applyDefaults,
  generationFields: ['spec'],
  columns: [
    nameColumn,
    text('Schedule', (object) => object.spec?.schedule ?? ''),
    text('Timezone', (object) => object.spec?.timeZone ?? '<none>'),
    suspendColumn,
    integer('Active', (object) => object.status?.active?.length),
    text('Last Schedule', ({ status }, nowMs) =>
      status?.lastScheduleTime ? humanAge(status.lastScheduleTime, nowMs) : '<none>',
    ),
    ageColumn,
    ...containerColumns<CronJob>((object) => object.spec?.jobTemplate?.spec?.template?.spec?.containers),
    wide('Selector', (object) => formatLabelSelector(object.spec?.jobTemplate?.spec?.selector)),
  ],
})
