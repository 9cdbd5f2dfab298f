import { isPodActive, isPodReady, isPodTerminating, type ReadonlyPod } from '../pods.ts'
import { absoluteFailureCount, countedFailureCount } from './index-failures.ts'
import {
  countIndexes,
  hasIndex,
  type IndexIntervals,
  intervalsOf,
  mergeIndexes,
  parseIndexes,
} from './index-intervals.ts'
import { type BackoffRecord, finishedMs, nextBackoff } from './job-backoff.ts'
import {
  completionIndexOf,
  hasTrackingFinalizer,
  isIndexed,
  isPodFailed,
  type ReadonlyJob,
  validIndexOf,
} from './job-pods.ts'
import { matchPodFailurePolicy } from './pod-failure-policy.ts'

/** All that deciding about a Job takes. */
export interface JobView {
  readonly job: ReadonlyJob
  /** All Pods of the Job. */
  readonly pods: readonly ReadonlyPod[]
  /** Uids of Pods whose finalizer was taken off, which the cache does not show yet. */
  readonly released: ReadonlySet<string>
  readonly backoff: BackoffRecord
  readonly nowMs: number
}

export interface JobFacts {
  readonly active: readonly ReadonlyPod[]
  readonly ready: number
  readonly terminating: number
  readonly succeeded: number
  readonly failed: number
  readonly backoff: BackoffRecord
  /** Only of Indexed Jobs; empty otherwise. */
  readonly succeededIndexes: IndexIntervals
  /** Those the status shows already. */
  readonly countedIndexes: IndexIntervals
  /** Only with `backoffLimitPerIndex`. */
  readonly failedIndexes: IndexIntervals | undefined
  /** By index the failed Pod that must stay until its successor has taken over its count of failures. */
  readonly awaitingSuccessor: ReadonlyMap<number, ReadonlyPod>
}

/** Counts a Job's Pods. After pkg/controller/job syncJob. */
export function jobFacts(view: JobView): JobFacts {
  const { job, pods } = view
  const active = pods.filter(isPodActive)
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {}
  const newlySucceeded = newlyEnded(view, succeeded, ({ status }) => status?.phase === 'Succeeded')
  const newlyFailed = newlyEnded(view, failed, (pod) => isPodFailed(pod, job))
  const countedFailures = newlyFailed.filter((pod) => matchPodFailurePolicy(job.spec?.podFailurePolicy, pod).counts)
  const indexes = indexFacts(view)
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    succeeded: isIndexed(job)
      ? countIndexes(indexes.succeededIndexes)
      : (job.status?.succeeded ?? 0) + newlySucceeded.length + succeeded.length,
    failed: (job.status?.failed ?? 0) + countedFailures.length + failed.length,
    backoff: nextBackoff(view.backoff, newlySucceeded, newlyFailed),
    ...indexes,
    awaitingSuccessor: awaitingSuccessor(view, active, indexes),
  }
}

/** Pods whose end is neither counted nor about to be. */
function newlyEnded(
  view: JobView,
  uncounted: readonly string[],
  ended: (pod: ReadonlyPod) => boolean,
): readonly ReadonlyPod[] {
  return view.pods.filter((pod) => isTracked(view, pod) && !uncounted.includes(pod.metadata?.uid ?? '') && ended(pod))
}

/** Whether the Pod still holds its finalizer, and has an index where it needs one. */
function isTracked({ job, released }: JobView, pod: ReadonlyPod): boolean {
  if (!hasTrackingFinalizer(pod) || released.has(pod.metadata?.uid ?? '')) return false
  return !isIndexed(job) || validIndexOf(pod, job) !== undefined
}

type IndexFacts = Pick<JobFacts, 'succeededIndexes' | 'countedIndexes' | 'failedIndexes'>

function indexFacts({ job, pods }: JobView): IndexFacts {
  if (!isIndexed(job)) return { succeededIndexes: [], countedIndexes: [], failedIndexes: undefined }
  const { spec, status } = job
  const completions = spec?.completions ?? 0
  const indexesOf = (chosen: (pod: ReadonlyPod) => boolean) =>
    pods
      .filter((pod) => hasTrackingFinalizer(pod) && chosen(pod))
      .map((pod) => validIndexOf(pod, job))
      .filter((index) => index !== undefined)
  const countedIndexes = parseIndexes(status?.completedIndexes, completions)
  const succeeded = indexesOf((pod) => pod.status?.phase === 'Succeeded')
  const failedIndexes = () =>
    mergeIndexes(
      parseIndexes(status?.failedIndexes, completions),
      intervalsOf(indexesOf((pod) => failsItsIndex(pod, job))),
    )
  return {
    countedIndexes,
    succeededIndexes: mergeIndexes(countedIndexes, intervalsOf(succeeded)),
    failedIndexes: spec?.backoffLimitPerIndex === undefined ? undefined : failedIndexes(),
  }
}

function failsItsIndex(pod: ReadonlyPod, job: ReadonlyJob): boolean {
  if (!isPodFailed(pod, job)) return false
  const { counts, action } = matchPodFailurePolicy(job.spec?.podFailurePolicy, pod)
  if (action === 'FailIndex') return true
  return counts && countedFailureCount(pod) >= (job.spec?.backoffLimitPerIndex ?? 0)
}

/** Of the failed Pods of each index that is to be tried again, the one that knows of the most failures. */
function awaitingSuccessor(
  view: JobView,
  active: readonly ReadonlyPod[],
  { succeededIndexes, failedIndexes }: IndexFacts,
): ReadonlyMap<number, ReadonlyPod> {
  const latest = new Map<number, ReadonlyPod>()
  if (failedIndexes === undefined) return latest
  const settled = new Set(active.map(completionIndexOf))
  for (const pod of view.pods) {
    const index = validIndexOf(pod, view.job)
    if (index === undefined || !isTracked(view, pod) || !isPodFailed(pod, view.job)) continue
    if (settled.has(index) || hasIndex(succeededIndexes, index) || hasIndex(failedIndexes, index)) continue
    const other = latest.get(index)
    const isLater =
      !other || (absoluteFailureCount(other) <= absoluteFailureCount(pod) && finishedMs(pod) >= finishedMs(other))
    if (isLater) latest.set(index, pod)
  }
  return latest
}
