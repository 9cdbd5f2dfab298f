import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts'
import { desiredReplicasOf, maxReplicasOf, noteSize } from './annotations.ts'
import { isRollingUpdate, maxSurge } from './bounds.ts'
import { active, allReplicaSets, byCreation, type Rollout, replicasOf, sumOf } from './rollout.ts'

/** Sets the size of a draft. Answers whether that changes it. After sync.go scaleReplicaSet. */
export function scaleTo(rollout: Rollout, replicaSet: ReplicaSet, size: number): boolean {
  const before = replicasOf(replicaSet)
  if (before === size) return false
  resize(rollout, replicaSet, size)
  return true
}

/** Writes the size and the annotations with it; tells of a size that differs. */
function resize(rollout: Rollout, replicaSet: ReplicaSet, size: number): void {
  const before = replicasOf(replicaSet)
  noteSize(replicaSet, rollout.deployment)
  if (!replicaSet.spec) return
  replicaSet.spec.replicas = size
  if (before === size) return
  const direction = before < size ? 'up' : 'down'
  const message = `Scaled ${direction} replica set ${replicaSet.metadata?.name} from ${before} to ${size}`
  const events = rollout.events.get(replicaSet) ?? []
  rollout.events.set(replicaSet, [...events, { type: 'Normal', reason: 'ScalingReplicaSet', message }])
}

/** Whether the Deployment's size changed since its ReplicaSets were last sized. */
export function isScalingEvent(rollout: Rollout): boolean {
  return active(allReplicaSets(rollout)).some((replicaSet) => {
    const desired = desiredReplicasOf(replicaSet)
    return desired !== undefined && desired !== replicasOf(rollout.deployment)
  })
}

/**
 * Brings the size of a Deployment to its ReplicaSets: all to the only active one; or, in the middle of a rolling
 * update, to each its share, so that a bad update does not grow. After sync.go scale.
 */
export function scaleAll(rollout: Rollout): void {
  const { deployment, newest, old } = rollout
  const only = activeOrLatest(rollout)
  if (only) {
    scaleTo(rollout, only, replicasOf(deployment))
    return
  }
  if (newest && isSaturated(deployment, newest)) {
    for (const replicaSet of active(old)) scaleTo(rollout, replicaSet, 0)
    return
  }
  if (isRollingUpdate(deployment)) scaleProportionally(rollout)
}

function activeOrLatest(rollout: Rollout): ReplicaSet | undefined {
  const candidates = active(allReplicaSets(rollout))
  if (candidates.length > 1) return undefined
  return candidates[0] ?? rollout.newest ?? rollout.old.at(-1)
}

/** Whether the newest has all Pods the Deployment wants, and they are available. */
function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const wanted = replicasOf(deployment)
  return (
    replicasOf(newest) === wanted &&
    desiredReplicasOf(newest) === wanted &&
    (newest.status?.availableReplicas ?? 0) === wanted
  )
}

function scaleProportionally(rollout: Rollout): void {
  const { deployment } = rollout
  const replicaSets = active(allReplicaSets(rollout))
  const wanted = replicasOf(deployment)
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0
  const toAdd = allowed - sumOf(replicaSets, replicasOf)
  // Growth goes to the newer first, shrinking takes from the older first; of two sizes the larger comes first.
  if (toAdd !== 0) replicaSets.sort(toAdd > 0 ? bySizeNewer : bySizeOlder)
  let added = 0
  const sizes = replicaSets.map((replicaSet) => {
    const share = toAdd === 0 ? 0 : proportion(deployment, replicaSet, { toAdd, added })
    added += share
    return replicasOf(replicaSet) + share
  })
  // What rounding left over goes to the first.
  if (toAdd !== 0 && sizes[0] !== undefined) sizes[0] = Math.max(0, sizes[0] + toAdd - added)
  for (const [index, replicaSet] of replicaSets.entries()) resize(rollout, replicaSet, sizes[index]!)
}

/** A ReplicaSet's share of a change, by its share of what there was. After deployment_util.go GetReplicaSetProportion. */
function proportion(
  deployment: Deployment,
  replicaSet: ReplicaSet,
  { toAdd, added }: { toAdd: number; added: number },
): number {
  if (toAdd === added) return 0
  const share = fraction(deployment, replicaSet)
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added)
}

function fraction(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = replicasOf(replicaSet)
  if (replicasOf(deployment) === 0) return -size
  const before = maxReplicasOf(replicaSet) || (deployment.status?.replicas ?? 0)
  if (before === 0) return 0
  const scaled = (size * (replicasOf(deployment) + maxSurge(deployment))) / before
  // Half away from zero, as Go's RoundToInt32; sizes are never negative.
  return Math.floor(scaled + 0.5) - size
}

function bySizeNewer(a: ReplicaSet, b: ReplicaSet): number {
  return replicasOf(b) - replicasOf(a) || byCreation(b, a)
}

function bySizeOlder(a: ReplicaSet, b: ReplicaSet): number {
  return replicasOf(b) - replicasOf(a) || byCreation(a, b)
}
