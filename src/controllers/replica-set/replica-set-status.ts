import type { ReplicaSetCondition, ReplicaSetStatus } from '../../api/types/apps/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import { labelsMatch } from '../label-match.ts'
import { messageOf } from '../pod-control.ts'
import { isPodAvailable, isPodReady, type ReadonlyPod } from '../pods.ts'
import type { PodOwner } from './pod-owner.ts'

export interface StatusView {
  readonly owner: PodOwner
  readonly generation: number
  readonly active: readonly ReadonlyPod[]
  /** Undefined where the kind does not count them. */
  readonly terminating: number | undefined
  /** What creating or deleting Pods ended in, if badly. */
  readonly failure: unknown
  readonly nowMs: number
}

/** After pkg/controller/replicaset calculateStatus. */
export function replicaSetStatus(view: StatusView): ReplicaSetStatus {
  const { owner, active, terminating, nowMs } = view
  const ready = active.filter(isPodReady)
  const conditions = conditionsOf(view)
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) =>
      labelsMatch(owner.template.metadata?.labels ?? {}, metadata?.labels),
    ).length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, owner.minReadySeconds, nowMs)).length,
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    observedGeneration: view.generation,
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

function conditionsOf({ owner, active, failure, nowMs }: StatusView): ReplicaSetCondition[] {
  const present = (structuredClone(owner.status.conditions) ?? []) as ReplicaSetCondition[]
  const others = present.filter(({ type }) => type !== 'ReplicaFailure')
  if (failure === undefined) return others
  // A failure that lasts keeps its first message and time.
  if (others.length < present.length) return present
  const surplus = active.length - owner.replicas
  const reason = surplus < 0 ? 'FailedCreate' : surplus > 0 ? 'FailedDelete' : ''
  const condition: ReplicaSetCondition = {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: formatTime(nowMs),
    reason,
    message: messageOf(failure),
  }
  return [...others, condition]
}

const counts = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'terminatingReplicas',
  'observedGeneration',
] as const

/** Whether two statuses say the same; a count that is not written is 0. */
export function sameStatus(a: DeepReadonly<Partial<ReplicaSetStatus>>, b: ReplicaSetStatus): boolean {
  return (
    counts.every((count) => (a[count] ?? 0) === (b[count] ?? 0)) &&
    (a.terminatingReplicas === undefined) === (b.terminatingReplicas === undefined) &&
    JSON.stringify(a.conditions ?? []) === JSON.stringify(b.conditions ?? [])
  )
}
