import type { CronJob } from '../../api/types/batch/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CronSchedule } from './cron-schedule.ts'

export type ReadonlyCronJob = DeepReadonly<CronJob>

/** Clocks differ a little: looking again too early would find nothing due. */
const nextScheduleDeltaMs = 100
const tooMany = 100

export interface MissedTimes {
  /** The last time that is due and was not seen to; undefined when there is none. */
  readonly dueMs?: number
  /** What the search began at. */
  readonly sinceMs: number
  readonly missed: 'none' | 'few' | 'many'
}

/** Whether a schedule never falls due, or twice within a second. Upstream's message. */
export class ScheduleError extends Error {}

/**
 * What fell due since the CronJob last started a Job, or since it was made. With `startingDeadlineSeconds` nothing
 * older counts, unless `ignoreDeadline`. Throws ScheduleError. After pkg/controller/cronjob utils.go mostRecentScheduleTime.
 */
export function missedTimes(
  cronJob: ReadonlyCronJob,
  schedule: CronSchedule,
  { nowMs, ignoreDeadline = false }: { nowMs: number; ignoreDeadline?: boolean },
): MissedTimes {
  const { metadata, spec, status } = cronJob
  const lastMs = Date.parse(status?.lastScheduleTime ?? metadata?.creationTimestamp ?? '')
  const { startingDeadlineSeconds } = spec
  const sinceMs =
    startingDeadlineSeconds === undefined || ignoreDeadline
      ? lastMs
      : Math.max(lastMs, nowMs - 1000 * startingDeadlineSeconds)
  const firstMs = schedule.nextMs(sinceMs)
  const secondMs = firstMs === undefined ? undefined : schedule.nextMs(firstMs)
  if (firstMs === undefined) throw neverDue()
  if (nowMs < firstMs) return { sinceMs, missed: 'none' }
  if (secondMs === undefined || nowMs < secondMs) return { sinceMs, dueMs: firstMs, missed: 'none' }
  const spacingMs = Math.round((secondMs - firstMs) / 1000) * 1000
  if (spacingMs < 1000) throw neverDue()
  // An estimate first: counting one by one could take for ever after a long time off.
  const count = Math.floor((nowMs - firstMs) / spacingMs) + 1
  const dueMs = lastUntil(schedule, firstMs + (count - 2) * spacingMs, nowMs)
  const missed = count > tooMany ? 'many' : 'few'
  return { sinceMs, missed, ...(dueMs === undefined ? {} : { dueMs }) }
}

/** How long until the next look. After nextScheduleTimeDuration. */
export function untilNextMs(cronJob: ReadonlyCronJob, schedule: CronSchedule, nowMs: number): number | undefined {
  const nextMs = schedule.nextMs(lookFromMs(cronJob, schedule, nowMs))
  return nextMs === undefined ? undefined : Math.max(0, nextMs + nextScheduleDeltaMs - nowMs)
}

function lookFromMs(cronJob: ReadonlyCronJob, schedule: CronSchedule, nowMs: number): number {
  try {
    const { dueMs, missed, sinceMs } = missedTimes(cronJob, schedule, { nowMs, ignoreDeadline: true })
    return dueMs ?? (missed === 'none' ? sinceMs : nowMs)
  } catch (error) {
    if (error instanceof ScheduleError) return nowMs
    throw error
  }
}

function lastUntil(schedule: CronSchedule, fromMs: number, nowMs: number): number | undefined {
  let last: number | undefined
  for (let next = schedule.nextMs(fromMs); next !== undefined && next <= nowMs; next = schedule.nextMs(next))
    last = next
  return last
}

function neverDue(): ScheduleError {
  return new ScheduleError('time difference between two schedules is less than 1 second')
}
