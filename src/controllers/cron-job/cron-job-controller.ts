import type { CronJob, CronJobStatus, Job } from '../../api/types/batch/v1.ts'
import { cronJobs, jobs } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { controllerOf, objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { formatTime } from '../../machinery/time.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { finishedAs } from '../job/job-pods.ts'
import { byController, controllerUids } from '../owner-index.ts'
import { messageOf } from '../pod-control.ts'
import { canonical } from '../pod-template-hash.ts'
import { jobAt, jobNameAt } from './cron-job-job.ts'
import { type CronSchedule, parseSchedule } from './cron-schedule.ts'
import { type MissedTimes, missedTimes, ScheduleError, untilNextMs } from './missed-times.ts'

/** Starts a Job at each time of a schedule. After pkg/controller/cronjob. */
export const cronJob: Controller = {
  name: 'cronjob-controller',
  serviceAccount: 'cronjob-controller',
  create: (context) => new CronJobController(context),
}

/** A CronJob on its way through one reconcile: what was learned so far, and is written once at its end. */
interface Round {
  readonly cronJob: Cached<CronJob>
  readonly nowMs: number
  status: CronJobStatus
}

class CronJobController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #cronJobs: Informer<CronJob>
  readonly #jobs: Informer<Job>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#cronJobs = context.informers.informerFor(cronJobs)
    this.#jobs = context.informers.informerFor(jobs)
    this.#jobs.addIndex(byController, controllerUids)
    this.watches = [
      watch(this.#cronJobs, ({ object }) => [objectKey(object)]),
      watch(this.#jobs, (event) => this.#keysOfJob(event)),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const found = this.#cronJobs.get(key)
    if (!found) return undefined
    const status = structuredClone(found.status ?? {}) as CronJobStatus
    const round: Round = { cronJob: found, nowMs: this.#context.clock.nowMs(), status }
    const owned = this.#jobs.byIndex(byController, found.metadata.uid)
    try {
      await this.#removeOldest(round, owned)
      await this.#lookAtJobs(round, owned)
      const waitMs = found.metadata.deletionTimestamp ? undefined : await this.#startDue(round)
      return waitMs === undefined ? undefined : { requeueAfterMs: waitMs }
    } finally {
      await this.#writeStatus(round)
    }
  }

  #keysOfJob({ object, previous }: WatchEvent<Job>): string[] {
    return [object, previous]
      .map((job) => job && controllerOf(job))
      .filter((owner) => owner?.kind === 'CronJob')
      .map((owner) => `${object.metadata.namespace}/${owner?.name}`)
  }

  /** Keeps as many finished Jobs of each sort as the limits say. */
  async #removeOldest(round: Round, owned: readonly Cached<Job>[]): Promise<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = round.cronJob.spec
    for (const [end, limit] of [
      ['Complete', successfulJobsHistoryLimit],
      ['Failed', failedJobsHistoryLimit],
    ] as const) {
      if (limit === undefined) continue
      const ended = owned.filter((job) => finishedAs(job) === end && !job.metadata.deletionTimestamp).toSorted(byStart)
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) await this.#deleteJob(round, job)
    }
  }

  /** Brings the list of active Jobs and the time of the last success up to date. */
  async #lookAtJobs(round: Round, owned: readonly Cached<Job>[]): Promise<void> {
    for (const job of owned) await this.#lookAtJob(round, job)
    const known = new Set(owned.map(({ metadata }) => metadata.uid))
    for (const { uid, name = '' } of round.status.active ?? []) {
      if (known.has(uid ?? '') || (await this.#readJob(round, name))) continue
      this.#event(round, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
      deactivate(round, uid)
    }
  }

  async #lookAtJob(round: Round, job: Cached<Job>): Promise<void> {
    const { uid, name } = job.metadata
    const isActive = round.status.active?.some((reference) => reference.uid === uid) ?? false
    const finished = finishedAs(job)
    if (!finished) {
      if (!isActive && !(await this.#isActiveByNow(round, uid))) {
        const message = `Saw a job that the controller did not create or forgot: ${name}`
        this.#event(round, 'Warning', 'UnexpectedJob', message)
      }
      return
    }
    if (isActive) {
      deactivate(round, uid)
      this.#event(round, 'Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${finished}`)
    }
    const { completionTime } = job.status ?? {}
    const { lastSuccessfulTime } = round.status
    if (finished !== 'Complete' || completionTime === undefined) return
    if (lastSuccessfulTime === undefined || Date.parse(completionTime) > Date.parse(lastSuccessfulTime)) {
      round.status = { ...round.status, lastSuccessfulTime: completionTime }
    }
  }

  /** The cache of CronJobs may be behind the one of Jobs. */
  async #isActiveByNow({ cronJob: { metadata } }: Round, uid: string): Promise<boolean> {
    const { namespace = '', name } = metadata
    const fresh = await this.#context.client.of(cronJobs).get(name, { namespace })
    return fresh.status?.active?.some((reference) => reference.uid === uid) ?? false
  }

  /** Starts the Job that is due, if one is. Answers when to look again; undefined: not before the next change. */
  async #startDue(round: Round): Promise<number | undefined> {
    const schedule = this.#scheduleOf(round)
    if (!schedule) return undefined
    const times = this.#missedTimes(round, schedule)
    if (!times) return undefined
    const { dueMs } = times
    if (dueMs !== undefined && this.#mayStart(round, dueMs)) await this.#start(round, dueMs)
    return untilNextMs({ ...round.cronJob, status: round.status }, schedule, round.nowMs)
  }

  #scheduleOf(round: Round): CronSchedule | undefined {
    const { schedule, suspend, timeZone } = round.cronJob.spec
    if (suspend) return undefined
    if (schedule.includes('TZ')) {
      const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`
      this.#event(round, 'Warning', 'UnsupportedSchedule', message)
    }
    try {
      return parseSchedule(schedule, timeZone)
    } catch (error) {
      const message = `unparseable schedule: ${JSON.stringify(schedule)} : ${messageOf(error)}`
      this.#event(round, 'Warning', 'UnparseableSchedule', message)
      return undefined
    }
  }

  #missedTimes(round: Round, schedule: CronSchedule): MissedTimes | undefined {
    try {
      const times = missedTimes(round.cronJob, schedule, round)
      if (times.missed === 'many') {
        const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
        this.#event(round, 'Warning', 'TooManyMissedTimes', message)
      }
      return times
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error
      const message = `invalid schedule: ${round.cronJob.spec.schedule} : ${error.message}`
      this.#event(round, 'Warning', 'InvalidSchedule', message)
      return undefined
    }
  }

  #mayStart(round: Round, dueMs: number): boolean {
    const { spec } = round.cronJob
    const { active = [], lastScheduleTime } = round.status
    const { startingDeadlineSeconds, concurrencyPolicy } = spec
    if (startingDeadlineSeconds !== undefined && dueMs + 1000 * startingDeadlineSeconds < round.nowMs) {
      const time = new Date(dueMs).toUTCString().replace('GMT', '+0000')
      this.#event(round, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${time}`)
      return false
    }
    const wasStarted = active.some(({ name }) => name === jobNameAt(round.cronJob, dueMs))
    if (wasStarted || lastScheduleTime === formatTime(dueMs)) return false
    if (concurrencyPolicy !== 'Forbid' || active.length === 0) return true
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    this.#event(round, 'Normal', 'JobAlreadyActive', message)
    return false
  }

  async #start(round: Round, dueMs: number): Promise<void> {
    if (round.cronJob.spec.concurrencyPolicy === 'Replace') await this.#replaceActive(round)
    const started = await this.#createJob(round, dueMs)
    if (!started) return
    const { apiVersion = 'batch/v1', kind = 'Job' } = started
    const { name, namespace = '', uid, resourceVersion } = started.metadata
    const reference = { apiVersion, kind, name, namespace, uid, resourceVersion }
    const active = [...(round.status.active ?? []), reference]
    round.status = { ...round.status, active, lastScheduleTime: formatTime(dueMs) }
  }

  async #replaceActive(round: Round): Promise<void> {
    for (const { name = '', uid } of round.status.active ?? []) {
      const job = await this.#readJob(round, name)
      if (!job) deactivate(round, uid)
      else if (!(await this.#deleteJob(round, job))) {
        throw new Error(`could not replace job ${job.metadata.namespace}/${name}`)
      }
    }
  }

  /** Undefined when the Job was there and is somebody else's. */
  async #createJob(round: Round, dueMs: number): Promise<Cached<Job> | undefined> {
    const wanted = jobAt(round.cronJob, dueMs)
    try {
      const created = await this.#context.client.of(jobs).create(wanted)
      this.#event(round, 'Normal', 'SuccessfulCreate', `Created job ${created.metadata.name}`)
      return created
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) {
        this.#event(round, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`)
        throw error
      }
    }
    // Made before, and forgotten by a restart before the status was written.
    const existing = await this.#readJob(round, wanted.metadata?.name ?? '')
    return existing && controllerOf(existing)?.uid === round.cronJob.metadata.uid ? existing : undefined
  }

  async #readJob({ cronJob: { metadata } }: Round, name: string): Promise<Cached<Job> | undefined> {
    try {
      return await this.#context.client.of(jobs).get(name, { namespace: metadata.namespace ?? '' })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  /** Whether it went well; the event tells if not. */
  async #deleteJob(round: Round, { metadata }: Cached<Job>): Promise<boolean> {
    const { name, namespace = '', uid } = metadata
    try {
      await this.#context.client.of(jobs).delete(name, { namespace, propagationPolicy: 'Background' })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      this.#event(round, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`)
      return false
    }
    deactivate(round, uid)
    this.#event(round, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
    return true
  }

  #event({ cronJob: object }: Round, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(object, type, reason, message)
  }

  async #writeStatus({ cronJob: found, status }: Round): Promise<void> {
    if (canonical(status) === canonical(found.status ?? {})) return
    await this.#context.client.of(cronJobs).updateStatus({ ...(found as CronJob), status })
  }
}

function deactivate(round: Round, uid: string | undefined): void {
  const active = (round.status.active ?? []).filter((reference) => reference.uid !== uid)
  round.status = { ...round.status, active }
}

function byStart(a: Cached<Job>, b: Cached<Job>): number {
  const startMs = ({ status }: Cached<Job>) => (status?.startTime ? Date.parse(status.startTime) : Infinity)
  const [first, second] = [startMs(a), startMs(b)]
  if (first !== second) return first - second
  return a.metadata.name < b.metadata.name ? -1 : 1
}
