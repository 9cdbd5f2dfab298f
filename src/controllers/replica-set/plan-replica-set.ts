import { inDeletionOrder } from '../pod-deletion-order.ts'
import { isPodActive, type ReadonlyPod } from '../pods.ts'

/** At most this many Pods are created or deleted in one go. Upstream's BurstReplicas. */
const burstReplicas = 500

export interface ReplicasView {
  readonly wanted: number
  /** The owner's Pods that are neither finished nor terminating. */
  readonly active: readonly ReadonlyPod[]
  /** Pods of all owners with the same controller, such as a Deployment's older ReplicaSets. */
  readonly related: readonly ReadonlyPod[]
  readonly nowMs: number
}

export interface ReplicasPlan {
  readonly create: number
  readonly delete: readonly ReadonlyPod[]
}

/** How many Pods to create or which to delete. After pkg/controller/replicaset manageReplicas. */
export function planReplicas({ wanted, active, related, nowMs }: ReplicasView): ReplicasPlan {
  const surplus = active.length - wanted
  if (surplus <= 0) return { create: Math.min(-surplus, burstReplicas), delete: [] }
  const count = Math.min(surplus, burstReplicas)
  if (count === active.length) return { create: 0, delete: active }
  const onNode = countByNode(related)
  const ranked = active.map((pod) => ({ pod, rank: onNode.get(pod.spec?.nodeName ?? '') ?? 0 }))
  return { create: 0, delete: inDeletionOrder(ranked, nowMs).slice(0, count) }
}

/** Where related Pods crowd, Pods are given up first, so that what is left is spread. */
function countByNode(pods: readonly ReadonlyPod[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const pod of pods.filter(isPodActive)) {
    const node = pod.spec?.nodeName ?? ''
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  return counts
}
