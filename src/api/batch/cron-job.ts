import { humanAge } from '../../machinery/duration.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, formatLabelSelector, integer, nameColumn, text, wide } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { CronJob } from '../types/batch/v1.ts'
import { cronJobs } from '../types/resources.ts'
import { validateCronJob } from '../validation/batch.ts'
import { applyJobSpecDefaults } from './job.ts'

function applyDefaults({ spec }: CronJob): void {
  if (!spec) return
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  if (spec.jobTemplate?.spec) applyJobSpecDefaults(spec.jobTemplate.spec)
}

const suspendColumn: Column<CronJob> = {
  name: 'Suspend',
  type: 'boolean',
  cell: ({ spec }) => (spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
}

export const cronJob = define(cronJobs, {
  validate: validateCronJob,
  validateUpdate: validateCronJob,
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
