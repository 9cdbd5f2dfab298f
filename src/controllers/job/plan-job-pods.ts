import { inDeletionOrder } from '../pod-deletion-order.ts'
import { isPodTerminating, type ReadonlyPod } from '../pods.ts'
import { absoluteFailureCount } from './index-failures.ts'
import { firstFreeIndexes, intervalsOf, mergeIndexes } from './index-intervals.ts'
import { backoffLeftMs, finishedMs } from './job-backoff.ts'
import type { JobFacts, JobView } from './job-facts.ts'
import { completionIndexOf, isIndexed, isSuspended, replacesOnlyFailed, validIndexOf } from './job-pods.ts'

/** At most this many Pods are created or deleted in one go. */
const maxPodsAtOnce = 500

/** Deletes or creates, never both at once. */
export interface JobPodsPlan {
  readonly delete: readonly ReadonlyPod[]
  /** An entry a Pod: its index, or undefined where the Job has none. */
  readonly create: readonly (number | undefined)[]
  /** Until Pods may be created again. */
  readonly waitMs?: number
}

const nothing: JobPodsPlan = { delete: [], create: [] }

/** Which Pods a Job that goes on needs or has too many. After pkg/controller/job manageJob. */
export function planJobPods(view: JobView, facts: JobFacts): JobPodsPlan {
  const { active } = facts
  if (isSuspended(view.job)) return { ...nothing, delete: active }
  const wanted = wantedActive(view, facts)
  const surplus = podsForRemoval(view, active, Math.max(0, active.length - wanted))
  if (surplus.length > 0) return { ...nothing, delete: surplus.slice(0, maxPodsAtOnce) }
  const occupied = replacesOnlyFailed(view.job) ? facts.terminating : 0
  const missing = Math.min(wanted - occupied - active.length, maxPodsAtOnce)
  return missing > 0 ? planCreations(view, facts, missing) : nothing
}

/** Without `completions` the first success ends the making of new Pods. */
function wantedActive({ job: { spec } }: JobView, { succeeded, active }: JobFacts): number {
  const { parallelism = 1, completions } = spec ?? {}
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(parallelism, completions - succeeded))
}

function planCreations(view: JobView, facts: JobFacts, missing: number): JobPodsPlan {
  const { job, nowMs } = view
  if (!isIndexed(job)) return afterBackoff(facts, nowMs, new Array<undefined>(missing).fill(undefined))
  const indexes = pendingIndexes(view, facts, missing)
  if (job.spec?.backoffLimitPerIndex === undefined) return afterBackoff(facts, nowMs, indexes)
  const waits = indexes.map((index) => indexWaitMs(facts.awaitingSuccessor.get(index), nowMs))
  const create = indexes.filter((_, position) => waits[position] === 0)
  const blocked = waits.filter((wait) => wait > 0)
  return { ...nothing, create, ...(blocked.length > 0 ? { waitMs: Math.min(...blocked) } : {}) }
}

function afterBackoff({ backoff }: JobFacts, nowMs: number, create: readonly (number | undefined)[]): JobPodsPlan {
  const waitMs = backoffLeftMs(backoff, nowMs)
  return waitMs > 0 ? { ...nothing, waitMs } : { ...nothing, create }
}

/** Each index has a backoff of its own. */
function indexWaitMs(predecessor: ReadonlyPod | undefined, nowMs: number): number {
  if (!predecessor) return 0
  const failures = absoluteFailureCount(predecessor) + 1
  return backoffLeftMs({ failures, lastFailureMs: finishedMs(predecessor) }, nowMs)
}

function pendingIndexes({ job, pods }: JobView, facts: JobFacts, count: number): number[] {
  const terminating = replacesOnlyFailed(job) ? pods.filter(isPodTerminating) : []
  const occupied = [...facts.active, ...terminating].map(completionIndexOf).filter((index) => index !== undefined)
  const settled = mergeIndexes(facts.succeededIndexes, facts.failedIndexes ?? [])
  return firstFreeIndexes(mergeIndexes(settled, intervalsOf(occupied)), count, job.spec?.completions ?? 0)
}

/** Pods without a valid index and all but one of each index go first, then those that are given up most lightly. */
function podsForRemoval({ job, nowMs }: JobView, active: readonly ReadonlyPod[], atLeast: number): ReadonlyPod[] {
  const ordered = inDeletionOrder(
    active.map((pod) => ({ pod, rank: 0 })),
    nowMs,
  )
  const superfluous = isIndexed(job) ? withoutPlace(job, ordered) : new Set<ReadonlyPod>()
  const others = ordered.filter((pod) => !superfluous.has(pod))
  return [...superfluous, ...others.slice(0, Math.max(0, atLeast - superfluous.size))]
}

function withoutPlace(job: JobView['job'], ordered: readonly ReadonlyPod[]): Set<ReadonlyPod> {
  const keepers = new Map<number, ReadonlyPod>()
  // The last of an index in the order of deletion stays.
  for (const pod of ordered) {
    const index = validIndexOf(pod, job)
    if (index !== undefined) keepers.set(index, pod)
  }
  const kept = new Set(keepers.values())
  return new Set(ordered.filter((pod) => !kept.has(pod)))
}
