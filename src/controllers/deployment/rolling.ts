import { maxUnavailable, newestReplicas } from './bounds.ts'
import { active, allReplicaSets, oldPodsRunning, type Rollout, replicasOf, sumOf } from './rollout.ts'
import { scaleTo } from './scale.ts'

/** One step of a rolling update: first up, and only when nothing can go up, down. After rolling.go rolloutRolling. */
export function rollForward(rollout: Rollout): boolean {
  return scaleUpNewest(rollout) || scaleDownOld(rollout)
}

function scaleUpNewest(rollout: Rollout): boolean {
  const { deployment, newest } = rollout
  if (!newest || replicasOf(newest) === replicasOf(deployment)) return false
  if (replicasOf(newest) > replicasOf(deployment)) return scaleTo(rollout, newest, replicasOf(deployment))
  return scaleTo(rollout, newest, newestReplicas(deployment, allReplicaSets(rollout), newest))
}

/**
 * Old Pods go as far as enough stay available, counting the new ones that are not available yet as lost. Unhealthy
 * ones go first: they help nobody, and may be what the update is to repair.
 */
function scaleDownOld(rollout: Rollout): boolean {
  const { deployment, newest } = rollout
  const old = active(rollout.old)
  if (!newest || old.length === 0) return false
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment)
  const newUnavailable = replicasOf(newest) - (newest.status?.availableReplicas ?? 0)
  const room = sumOf(allReplicaSets(rollout), replicasOf) - minAvailable - newUnavailable
  if (room <= 0) return false
  const unhealthy = scaleDownUnhealthy(rollout, room)
  return scaleDownAvailable(rollout, minAvailable) + unhealthy > 0
}

function scaleDownUnhealthy(rollout: Rollout, limit: number): number {
  let down = 0
  for (const replicaSet of active(rollout.old)) {
    const unhealthy = replicasOf(replicaSet) - (replicaSet.status?.availableReplicas ?? 0)
    const count = Math.min(limit - down, unhealthy)
    if (count <= 0) continue
    scaleTo(rollout, replicaSet, replicasOf(replicaSet) - count)
    down += count
  }
  return down
}

function scaleDownAvailable(rollout: Rollout, minAvailable: number): number {
  const old = active(rollout.old)
  const counted = rollout.newest ? [...old, rollout.newest] : old
  const limit = sumOf(counted, ({ status }) => status?.availableReplicas) - minAvailable
  let down = 0
  for (const replicaSet of old) {
    const count = Math.min(limit - down, replicasOf(replicaSet))
    if (count <= 0) break
    scaleTo(rollout, replicaSet, replicasOf(replicaSet) - count)
    down += count
  }
  return down
}

/** Answers whether old Pods stand in the way of new ones. After recreate.go rolloutRecreate. */
export function clearForRecreate(rollout: Rollout): boolean {
  const scaled = active(rollout.old).map((replicaSet) => scaleTo(rollout, replicaSet, 0))
  return scaled.length > 0 || oldPodsRunning(rollout)
}
