import type { ContainerStatus } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { podCondition, type ReadonlyPod } from '../pods.ts'

const firstBackoffMs = 10_000
const maxBackoffMs = 600_000

/** Failures since the last success, which space out new Pods. */
export interface BackoffRecord {
  readonly failures: number
  readonly lastFailureMs: number
}

export const noBackoff: BackoffRecord = { failures: 0, lastFailureMs: 0 }

/** The record after Pods that ended since. After pkg/controller/job backoff_utils.go newBackoffRecord. */
export function nextBackoff(
  before: BackoffRecord,
  succeeded: readonly ReadonlyPod[],
  failed: readonly ReadonlyPod[],
): BackoffRecord {
  const failedMs = failed.map(finishedMs)
  if (succeeded.length === 0) {
    if (failedMs.length === 0) return before
    return { failures: before.failures + failedMs.length, lastFailureMs: Math.max(...failedMs) }
  }
  const lastSuccessMs = Math.max(...succeeded.map(finishedMs))
  const since = failedMs.filter((ms) => ms > lastSuccessMs)
  return since.length === 0 ? noBackoff : { failures: since.length, lastFailureMs: Math.max(...since) }
}

/** How long no new Pod may start: 10 s after the first failure, twice as long after each more, 10 min at most. */
export function backoffLeftMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0) return 0
  const wholeMs = Math.min(firstBackoffMs * 2 ** (failures - 1), maxBackoffMs)
  return Math.max(0, wholeMs - (nowMs - lastFailureMs))
}

/**
 * When a Pod ended: its last container, else when it stopped being ready, else when its deletion began, else when it
 * was made.
 */
export function finishedMs(pod: ReadonlyPod): number {
  return containersFinishedMs(pod) ?? unreadyMs(pod) ?? deletionMs(pod) ?? timeMs(pod.metadata?.creationTimestamp) ?? 0
}

/** Undefined unless all have ended, sidecars too. */
function containersFinishedMs({ spec, status }: ReadonlyPod): number | undefined {
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  )
  const statuses: DeepReadonly<ContainerStatus>[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name ?? '')),
  ]
  const times = statuses.map(({ state }) => timeMs(state?.terminated?.finishedAt))
  return times.length === 0 || times.includes(undefined) ? undefined : Math.max(...(times as number[]))
}

function unreadyMs(pod: ReadonlyPod): number | undefined {
  const ready = podCondition(pod, 'Ready')
  return ready?.status === 'False' ? timeMs(ready.lastTransitionTime) : undefined
}

function deletionMs({ metadata }: ReadonlyPod): number | undefined {
  const deadlineMs = timeMs(metadata?.deletionTimestamp)
  return deadlineMs === undefined ? undefined : deadlineMs - 1000 * (metadata?.deletionGracePeriodSeconds ?? 0)
}

function timeMs(text: string | null | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
