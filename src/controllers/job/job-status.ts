import type { JobStatus, UncountedTerminatedPods } from '../../api/types/batch/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import type { ReadonlyPod } from '../pods.ts'
import { countIndexes, formatIndexes, hasIndex, intervalsOf, mergeIndexes } from './index-intervals.ts'
import { withCondition } from './job-conditions.ts'
import type { JobFacts, JobView } from './job-facts.ts'
import {
  completionIndexOf,
  type Finished,
  hasTrackingFinalizer,
  isIndexed,
  isPodFailed,
  type ReadonlyJob,
  validIndexOf,
} from './job-pods.ts'
import type { Verdict } from './judge-job.ts'
import { matchPodFailurePolicy } from './pod-failure-policy.ts'

export type ReadonlyJobStatus = DeepReadonly<JobStatus>

/** So many uids keep the status below about 20 KB, and one Job from holding up the others. */
const maxUncounted = 500

export interface Tracking {
  /** Uids of the Pods that hold their finalizer. */
  readonly held: ReadonlySet<string>
  /** With the ends that are to be counted, to be written before any finalizer is taken off. */
  readonly status: ReadonlyJobStatus
  readonly release: readonly ReadonlyPod[]
  /** Whether more are waiting than go into one status. */
  readonly isPartial: boolean
}

/**
 * Which ended Pods to count and let go. First their uids are written to the status, then their finalizers go, then
 * they are counted: so a restart at any point neither loses nor doubles one. After pkg/controller/job
 * trackJobStatusAndRemoveFinalizers.
 */
export function planTracking(view: JobView, facts: JobFacts, verdict: Verdict | undefined): Tracking {
  const { job } = view
  const tracked = view.pods.filter((pod) => hasTrackingFinalizer(pod) && !view.released.has(pod.metadata?.uid ?? ''))
  const held = new Set(tracked.map(({ metadata }) => metadata?.uid ?? ''))
  const before = countReleased(job.status ?? {}, held)
  const ended = tracked.filter((pod) => mayRelease(view, facts, verdict, pod)).toSorted(byIndex)
  const tally = new Tally({ ...job, status: before }, facts, verdict)
  const release: ReadonlyPod[] = []
  for (const pod of ended) {
    tally.add(pod)
    release.push(pod)
    if (tally.size >= maxUncounted) break
  }
  const status = { ...before, uncountedTerminatedPods: tally.uncounted, ...indexCounts(job, facts, tally.indexes) }
  return { held, status, release, isPartial: release.length < ended.length }
}

/** Counts the Pods of `uncountedTerminatedPods` that hold no finalizer any more; the very same status if there are none. */
export function countReleased(status: ReadonlyJobStatus, held: ReadonlySet<string>): ReadonlyJobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const stillSucceeded = succeeded.filter((uid) => held.has(uid))
  const stillFailed = failed.filter((uid) => held.has(uid))
  if (stillSucceeded.length === succeeded.length && stillFailed.length === failed.length) return status
  return {
    ...status,
    ...(succeeded.length > 0 ? { succeeded: (status.succeeded ?? 0) + succeeded.length - stillSucceeded.length } : {}),
    ...(failed.length > 0 ? { failed: (status.failed ?? 0) + failed.length - stillFailed.length } : {}),
    uncountedTerminatedPods: uncountedPods(stillSucceeded, stillFailed),
  }
}

/** The status of a Job that is over, once all its Pods are counted and gone. Undefined until then. */
export function finish(
  status: ReadonlyJobStatus,
  { type, reason, message }: Verdict,
  nowMs: number,
): { readonly status: ReadonlyJobStatus; readonly finished: Finished } | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  if (succeeded.length + failed.length > 0 || (status.terminating ?? 0) > 0) return undefined
  const finished = type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed'
  const conditions = withCondition(status.conditions ?? [], { type: finished, status: 'True', reason, message }, nowMs)
  const completionTime = finished === 'Complete' ? { completionTime: formatTime(nowMs) } : {}
  return { status: { ...status, conditions, ...completionTime }, finished }
}

/** Whether a Pod needs to be held no longer. */
function mayRelease({ job }: JobView, facts: JobFacts, verdict: Verdict | undefined, pod: ReadonlyPod): boolean {
  if (job.metadata?.deletionTimestamp !== undefined || verdict || pod.status?.phase === 'Succeeded') return true
  if (!isPodFailed(pod, job)) return false
  const index = completionIndexOf(pod)
  return index === undefined || facts.awaitingSuccessor.get(index)?.metadata?.uid !== pod.metadata?.uid
}

/** What one round adds to the status. */
class Tally {
  readonly #job: ReadonlyJob
  readonly #facts: JobFacts
  readonly #verdict: Verdict | undefined
  readonly #succeeded: string[]
  readonly #failed: string[]
  readonly indexes: number[] = []

  constructor(job: ReadonlyJob, facts: JobFacts, verdict: Verdict | undefined) {
    const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {}
    this.#job = job
    this.#facts = facts
    this.#verdict = verdict
    this.#succeeded = [...succeeded]
    this.#failed = [...failed]
  }

  get size(): number {
    return this.#succeeded.length + this.#failed.length + this.indexes.length
  }

  get uncounted(): UncountedTerminatedPods {
    return uncountedPods(this.#succeeded, this.#failed)
  }

  add(pod: ReadonlyPod): void {
    const uid = pod.metadata?.uid ?? ''
    if (this.#failed.includes(uid)) return
    if (pod.status?.phase === 'Succeeded') this.#addSucceeded(pod, uid)
    else if (this.#countsAsFailed(pod)) this.#failed.push(uid)
  }

  /** Indexes cannot be counted twice, so they need no uid. */
  #addSucceeded(pod: ReadonlyPod, uid: string): void {
    if (!isIndexed(this.#job)) {
      if (!this.#succeeded.includes(uid)) this.#succeeded.push(uid)
      return
    }
    const index = validIndexOf(pod, this.#job)
    if (index !== undefined && !hasIndex(this.#facts.countedIndexes, index)) this.indexes.push(index)
  }

  /** When a Job fails, whatever had not ended counts as failed. */
  #countsAsFailed(pod: ReadonlyPod): boolean {
    if (!isPodFailed(pod, this.#job) && this.#verdict?.type !== 'FailureTarget') return false
    if (isIndexed(this.#job) && validIndexOf(pod, this.#job) === undefined) return false
    return matchPodFailurePolicy(this.#job.spec?.podFailurePolicy, pod).counts
  }
}

function uncountedPods(succeeded: readonly string[], failed: readonly string[]): UncountedTerminatedPods {
  return {
    ...(succeeded.length > 0 ? { succeeded: [...succeeded] } : {}),
    ...(failed.length > 0 ? { failed: [...failed] } : {}),
  }
}

function indexCounts(job: ReadonlyJob, facts: JobFacts, added: readonly number[]): Partial<JobStatus> {
  if (!isIndexed(job)) return {}
  const completed = mergeIndexes(facts.countedIndexes, intervalsOf(added))
  return {
    succeeded: countIndexes(completed),
    completedIndexes: formatIndexes(completed),
    ...(facts.failedIndexes ? { failedIndexes: formatIndexes(facts.failedIndexes) } : {}),
  }
}

function byIndex(a: ReadonlyPod, b: ReadonlyPod): number {
  return (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1)
}
