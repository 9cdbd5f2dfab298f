import type { Job } from '../../api/types/batch/v1.ts'
import { formatTime } from '../../machinery/time.ts'
import { controllerReference } from '../pod-control.ts'
import type { ReadonlyCronJob } from './missed-times.ts'

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** One name a minute: no Job is started twice for the same time, whatever was forgotten. */
export function jobNameAt({ metadata }: ReadonlyCronJob, scheduledMs: number): string {
  return `${metadata?.name}-${Math.floor(scheduledMs / 60_000)}`
}

/** The Job for one time of the schedule. After pkg/controller/cronjob utils.go getJobFromTemplate2. */
export function jobAt(cronJob: ReadonlyCronJob, scheduledMs: number): Job {
  const { jobTemplate, timeZone } = cronJob.spec
  const { labels, annotations } = jobTemplate.metadata ?? {}
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobNameAt(cronJob, scheduledMs),
      namespace: cronJob.metadata?.namespace ?? '',
      ...(labels ? { labels: { ...labels } } : {}),
      annotations: { ...annotations, [scheduledAnnotation]: timeIn(scheduledMs, timeZone ?? 'UTC') },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: structuredClone(jobTemplate.spec) as NonNullable<Job['spec']>,
  }
}

/** RFC 3339 with the offset of the zone. */
function timeIn(ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(ms)
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value.slice('GMT'.length) ?? ''
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):(\d\d)/.exec(offset) ?? []
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  if (offsetMs === 0) return formatTime(ms)
  return formatTime(ms + offsetMs).replace('Z', `${sign}${hours}:${minutes}`)
}
