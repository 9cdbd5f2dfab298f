import type { Service } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { podCondition, type ReadonlyPod } from '../pods.ts'

interface Seen {
  readonly podsMs: ReadonlyMap<string, number>
  readonly serviceMs: number
}

/**
 * When the change happened that a write of endpoints answers to, for measuring how long the news takes: the earliest
 * of the changes since the last write. After endpointslice util trigger_time_tracker.go.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>()

  /** Undefined when nothing that has a time changed. */
  next(key: string, service: DeepReadonly<Service>, pods: readonly ReadonlyPod[]): number | undefined {
    const seen = this.#seen.get(key)
    const serviceMs = Date.parse(service.metadata?.creationTimestamp ?? '') || 0
    const podsMs = new Map(pods.map((pod) => [pod.metadata?.name ?? '', podTriggerMs(pod)]))
    this.#seen.set(key, { podsMs, serviceMs })
    const changes = [...podsMs].filter(([name, atMs]) => atMs > (seen?.podsMs.get(name) ?? 0)).map(([, atMs]) => atMs)
    if (serviceMs > (seen?.serviceMs ?? 0)) changes.push(serviceMs)
    return changes.length > 0 ? Math.min(...changes) : undefined
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}

function podTriggerMs(pod: ReadonlyPod): number {
  return Date.parse(podCondition(pod, 'Ready')?.lastTransitionTime ?? '') || 0
}
