import type { Job } from '../../api/types/batch/v1.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { jobs, pods } from '../../api/types/resources.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { controllerOf, objectKey } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import { planClaims } from '../claim.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { selectorMatches } from '../label-match.ts'
import { byController, candidatesFor, controllerUids } from '../owner-index.ts'
import { performClaims } from '../perform-claims.ts'
import { canonical } from '../pod-template-hash.ts'
import { ReplacedVersions } from '../replaced-versions.ts'
import { type BackoffRecord, noBackoff } from './job-backoff.ts'
import { withCondition } from './job-conditions.ts'
import { type JobFacts, type JobView, jobFacts } from './job-facts.ts'
import { createJobPodControl, type JobPodControl, type JobPodsOutcome } from './job-pod-control.ts'
import { finishedAs, hasTrackingFinalizer, isManagedElsewhere, isSuspended, trackingFinalizer } from './job-pods.ts'
import { countReleased, finish, planTracking, type ReadonlyJobStatus } from './job-status.ts'
import { deadlineLeftMs, judgeJob, reachedCompletions, type Verdict } from './judge-job.ts'
import { planJobPods } from './plan-job-pods.ts'

/** Events of Pods are gathered so long, so that a Job of many is not counted anew for each. */
const gatherMs = 100
const orphanPrefix = 'orphan:'

/** Runs the Pods of each Job to their end and counts them. After pkg/controller/job. */
export const job: Controller = {
  name: 'job-controller',
  serviceAccount: 'job-controller',
  create: (context) => new JobController(context),
}

class JobController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #jobs: Informer<Job>
  readonly #pods: Informer<Pod>
  readonly #podControl: JobPodControl
  readonly #replaced = new ReplacedVersions()
  readonly #backoffs = new Map<string, BackoffRecord>()
  /** By Job the uids of Pods whose finalizer was taken off, until the cache shows it. */
  readonly #released = new Map<string, ReadonlySet<string>>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#jobs = context.informers.informerFor(jobs)
    this.#pods = context.informers.informerFor(pods)
    this.#pods.addIndex(byController, controllerUids)
    this.#podControl = createJobPodControl(context)
    this.watches = [
      watch(this.#jobs, (event) => this.#keysOfJob(event)),
      watch(this.#pods, (event) => this.#keysOfPod(event)),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    if (key.startsWith(orphanPrefix)) return this.#releaseOrphan(key.slice(orphanPrefix.length))
    const found = this.#jobs.get(key)
    if (!found || finishedAs(found)) {
      this.#forget(key)
      return undefined
    }
    if (isManagedElsewhere(found) || this.#replaced.has(key, found.metadata.resourceVersion)) return undefined
    return this.#sync(key, found)
  }

  #forget(key: string): void {
    this.#podControl.forget(key)
    this.#replaced.forget(key)
    this.#backoffs.delete(key)
    this.#released.delete(key)
  }

  async #sync(key: string, found: Cached<Job>): Promise<ReconcileResult | undefined> {
    // Before the Pods are read: one that appears between the two would be created again.
    const isCaughtUp = this.#podControl.isCaughtUp(key)
    const owned = await this.#claim(found)
    const nowMs = this.#context.clock.nowMs()
    const view: JobView = {
      job: found,
      pods: owned,
      released: this.#stillReleasing(key, owned),
      backoff: this.#backoffs.get(key) ?? noBackoff,
      nowMs,
    }
    const facts = jobFacts(view)
    const decided = judgeJob(view, facts)
    const mayAct = isCaughtUp && found.metadata.deletionTimestamp === undefined
    const outcome = decided ? await this.#endPods(found, facts) : await this.#managePods(found, view, facts, mayAct)
    const verdict = decided
      ? outcome.active === 0 && isCaughtUp && outcome.failure === undefined
        ? decided
        : undefined
      : reachedCompletions(found, facts.succeeded, outcome.active)
    const status = this.#presentStatus(found, outcome, { mayTellSuspension: !decided && !verdict && mayAct })
    await this.#track({ key, found, view, facts, verdict, status })
    if (outcome.failure !== undefined) throw outcome.failure
    const waits = [outcome.waitMs, deadlineLeftMs(found, nowMs)].filter((wait) => wait !== undefined && wait > 0)
    return waits.length > 0 ? { requeueAfterMs: Math.min(...(waits as number[])) } : undefined
  }

  #endPods(found: Cached<Job>, facts: JobFacts): Promise<JobPodsOutcome> {
    return this.#podControl.deleteAll(found, facts)
  }

  async #managePods(found: Cached<Job>, view: JobView, facts: JobFacts, mayAct: boolean): Promise<JobPodsOutcome> {
    if (mayAct) return this.#podControl.perform(found, planJobPods(view, facts), facts)
    const { active, ready, terminating } = facts
    return { active: active.length, ready, terminating }
  }

  /** The counts of Pods that run, the start, and whether the Job is suspended. */
  #presentStatus(
    found: Cached<Job>,
    { active, ready, terminating }: JobPodsOutcome,
    { mayTellSuspension }: { mayTellSuspension: boolean },
  ): ReadonlyJobStatus {
    const nowMs = this.#context.clock.nowMs()
    const { active: _active, startTime, conditions = [], ...rest } = found.status ?? {}
    const suspended = isSuspended(found)
    const started = startTime ?? (suspended ? undefined : formatTime(nowMs))
    const counts = { ...(active > 0 ? { active } : {}), ready, terminating }
    const told = mayTellSuspension
      ? withCondition(conditions, suspended ? suspendedCondition : resumedCondition, nowMs)
      : conditions
    if (told === conditions) return { ...rest, ...counts, ...(started ? { startTime: started } : {}), conditions }
    const { events } = this.#context
    if (suspended) {
      events.event(found, 'Normal', 'Suspended', 'Job suspended')
      return { ...rest, ...counts, conditions: told }
    }
    events.event(found, 'Normal', 'Resumed', 'Job resumed')
    return { ...rest, ...counts, startTime: formatTime(nowMs), conditions: told }
  }

  async #track({ key, found, view, facts, verdict, status }: TrackOptions): Promise<void> {
    const tracking = planTracking({ ...view, job: { ...found, status } }, facts, verdict)
    const decidedStatus = verdict ? this.#withVerdict(tracking.status, verdict) : tracking.status
    let stored = found
    if (!sameStatus(decidedStatus, found.status)) {
      stored = await this.#writeStatus(key, stored, decidedStatus)
      this.#backoffs.set(key, facts.backoff)
    }
    const { released, error } = await this.#podControl.release(tracking.release as readonly Cached<Pod>[])
    this.#released.set(key, new Set([...view.released, ...released]))
    const held = new Set([...tracking.held].filter((uid) => !released.has(uid)))
    const counted = countReleased(decidedStatus, held)
    const isOver = verdict && !tracking.isPartial && error === undefined
    const end = isOver ? finish(counted, verdict, this.#context.clock.nowMs()) : undefined
    const final = end?.status ?? counted
    if (final !== decidedStatus) await this.#writeStatus(key, stored, final)
    if (error !== undefined) throw error
    if (end && verdict) this.#tellEnd(found, end.status, verdict)
  }

  #withVerdict(status: ReadonlyJobStatus, { type, reason, message }: Verdict): ReadonlyJobStatus {
    const conditions = status.conditions ?? []
    const wanted = { type, status: 'True', reason, message } as const
    return { ...status, conditions: withCondition(conditions, wanted, this.#context.clock.nowMs()) }
  }

  async #writeStatus(key: string, base: Cached<Job>, status: ReadonlyJobStatus): Promise<Cached<Job>> {
    const written = await this.#context.client.of(jobs).updateStatus({ ...(base as Job), status } as Job)
    if (written.metadata.resourceVersion !== base.metadata.resourceVersion) {
      this.#replaced.note(key, base.metadata.resourceVersion)
    }
    return written
  }

  #tellEnd(found: Cached<Job>, { succeeded = 0 }: ReadonlyJobStatus, { type, reason, message }: Verdict): void {
    const { events } = this.#context
    if (type === 'FailureTarget') {
      events.event(found, 'Warning', reason, message)
      return
    }
    const { completions } = found.spec ?? {}
    if (completions !== undefined && succeeded > completions) {
      const surplus = 'Too many succeeded pods running after completion count reached'
      events.event(found, 'Warning', 'TooManySucceededPods', surplus)
    }
    events.event(found, 'Normal', 'Completed', 'Job completed')
  }

  #claim(found: Cached<Job>): Promise<readonly Cached<Pod>[]> {
    const claims = planClaims({
      owner: found,
      candidates: candidatesFor(this.#pods, found),
      selects: ({ metadata }) => selectorMatches(found.spec?.selector, metadata.labels),
    })
    const { client } = this.#context
    const finalizer = trackingFinalizer
    return performClaims({ client, resource: pods, owner: found, ownerResource: jobs, claims, finalizer })
  }

  #stillReleasing(key: string, owned: readonly Cached<Pod>[]): ReadonlySet<string> {
    const released = this.#released.get(key) ?? new Set<string>()
    const behind = owned.filter((pod) => released.has(pod.metadata.uid) && hasTrackingFinalizer(pod))
    return new Set(behind.map(({ metadata }) => metadata.uid))
  }

  /** Pods of a Job that is over or gone must not be held for ever. */
  #keysOfJob({ object, type }: WatchEvent<Job>): string[] {
    const key = objectKey(object)
    if (type !== 'deleted' && !finishedAs(object)) return [key]
    const left = this.#pods.byIndex(byController, object.metadata.uid).filter(hasTrackingFinalizer)
    return [key, ...left.map((pod) => orphanPrefix + objectKey(pod))]
  }

  #keysOfPod({ object: pod, previous, type }: WatchEvent<Pod>): string[] {
    const owner = this.#ownerOf(pod)
    const former = previous && this.#ownerOf(previous)
    if (owner) this.#podControl.observe(objectKey(owner), pod, type)
    const selecting = controllerOf(pod) || type === 'deleted' ? [] : this.#jobsSelecting(pod)
    for (const each of new Set([owner, former, ...selecting])) {
      if (each) this.#context.queue.addAfter(objectKey(each), gatherMs)
    }
    const isHeldByNobody = hasTrackingFinalizer(pod) && type !== 'deleted' && this.#isOrphan(pod)
    return isHeldByNobody ? [orphanPrefix + objectKey(pod)] : []
  }

  #jobsSelecting(pod: Cached<Pod>): readonly Cached<Job>[] {
    return this.#jobs
      .byIndex(byNamespace, pod.metadata.namespace ?? '')
      .filter(({ spec }) => selectorMatches(spec?.selector, pod.metadata.labels))
  }

  #ownerOf(pod: Cached<Pod>): Cached<Job> | undefined {
    const reference = controllerOf(pod)
    if (reference?.kind !== 'Job') return undefined
    const owner = this.#jobs.get(`${pod.metadata.namespace}/${reference.name}`)
    return owner?.metadata.uid === reference.uid ? owner : undefined
  }

  #isOrphan(pod: Cached<Pod>): boolean {
    const reference = controllerOf(pod)
    if (!reference) return true
    if (reference.kind !== 'Job' || reference.apiVersion !== 'batch/v1') return false
    const owner = this.#ownerOf(pod)
    return !owner || (finishedAs(owner) !== undefined && !isManagedElsewhere(owner))
  }

  async #releaseOrphan(key: string): Promise<undefined> {
    const pod = this.#pods.get(key)
    if (!pod || !hasTrackingFinalizer(pod) || !this.#isOrphan(pod)) return
    const { error } = await this.#podControl.release([pod])
    if (error !== undefined) throw error
  }
}

interface TrackOptions {
  readonly key: string
  readonly found: Cached<Job>
  readonly view: JobView
  readonly facts: JobFacts
  readonly verdict: Verdict | undefined
  readonly status: ReadonlyJobStatus
}

const suspendedCondition = {
  type: 'Suspended',
  status: 'True',
  reason: 'JobSuspended',
  message: 'Job suspended',
} as const

const resumedCondition = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' } as const

function sameStatus(wanted: ReadonlyJobStatus, present: ReadonlyJobStatus | undefined): boolean {
  const withoutZeros = ({ succeeded, failed, active, ...rest }: ReadonlyJobStatus) => ({
    ...rest,
    counts: [succeeded ?? 0, failed ?? 0, active ?? 0],
  })
  return canonical(withoutZeros(wanted)) === canonical(withoutZeros(present ?? {}))
}
