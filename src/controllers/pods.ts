import type { Pod, PodCondition } from '../api/types/core/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'

export type ReadonlyPod = DeepReadonly<Pod>

export function podCondition(pod: ReadonlyPod, type: string): DeepReadonly<PodCondition> | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)
}

export function isPodReady(pod: ReadonlyPod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Succeeded and Failed Pods run no more, nor will they. */
export function isPodTerminal(pod: ReadonlyPod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

export function isPodTerminating(pod: ReadonlyPod): boolean {
  return !isPodTerminal(pod) && pod.metadata?.deletionTimestamp !== undefined
}

/** Neither finished nor on its way out. */
export function isPodActive(pod: ReadonlyPod): boolean {
  return !isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined
}

/** Ready for at least `minReadySeconds`. After pkg/api/v1/pod IsPodAvailable. */
export function isPodAvailable(pod: ReadonlyPod, minReadySeconds: number, nowMs: number): boolean {
  const wait = untilAvailableMs(pod, minReadySeconds, nowMs)
  return wait !== undefined && wait <= 0
}

/** How long until a Pod that stays ready is available; undefined for one that is not ready. */
export function untilAvailableMs(pod: ReadonlyPod, minReadySeconds: number, nowMs: number): number | undefined {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds === 0) return 0
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '')
  return Number.isNaN(sinceMs) ? undefined : sinceMs + minReadySeconds * 1000 - nowMs
}
