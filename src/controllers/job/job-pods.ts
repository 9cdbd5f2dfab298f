import type { Job } from '../../api/types/batch/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ReadonlyPod } from '../pods.ts'

export type ReadonlyJob = DeepReadonly<Job>

/** Holds a Pod until its end is counted in the Job's status. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
export const completionIndexAnnotation = 'batch.kubernetes.io/job-completion-index'

export function hasTrackingFinalizer({ metadata }: ReadonlyPod): boolean {
  return metadata?.finalizers?.includes(trackingFinalizer) ?? false
}

/** Undefined for a Pod without one, or with one that is no count. */
export function completionIndexOf({ metadata }: ReadonlyPod): number | undefined {
  const text = metadata?.annotations?.[completionIndexAnnotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The index, unless the Job has not so many. */
export function validIndexOf(pod: ReadonlyPod, { spec }: ReadonlyJob): number | undefined {
  const index = completionIndexOf(pod)
  return index !== undefined && index < (spec?.completions ?? 0) ? index : undefined
}

export function isIndexed({ spec }: ReadonlyJob): boolean {
  return spec?.completionMode === 'Indexed'
}

export function isSuspended({ spec }: ReadonlyJob): boolean {
  return spec?.suspend === true
}

/** Whether a terminating Pod is replaced only when it has ended. */
export function replacesOnlyFailed({ spec }: ReadonlyJob): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined
}

/** Pods that are being deleted count too, since one without a kubelet would never reach the phase. */
export function isPodFailed(pod: ReadonlyPod, job: ReadonlyJob): boolean {
  const phase = pod.status?.phase
  if (phase === 'Failed') return true
  if (replacesOnlyFailed(job)) return false
  return pod.metadata?.deletionTimestamp !== undefined && phase !== 'Succeeded'
}

export type Finished = 'Complete' | 'Failed'

/** How the Job ended; undefined while it has not. */
export function finishedAs({ status }: ReadonlyJob): Finished | undefined {
  const isEnd = (type: string): type is Finished => type === 'Complete' || type === 'Failed'
  return status?.conditions
    ?.filter(({ status: value }) => value === 'True')
    .map(({ type }) => type)
    .find(isEnd)
}

/** Whether somebody else looks after the Job. */
export function isManagedElsewhere({ spec }: ReadonlyJob): boolean {
  return spec?.managedBy !== undefined && spec.managedBy !== 'kubernetes.io/job-controller'
}
