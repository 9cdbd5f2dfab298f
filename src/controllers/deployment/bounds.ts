import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts'
import { scaledCount } from '../int-or-percent.ts'
import { replicasOf, sumOf } from './rollout.ts'

/** Go's MaxInt32: says "no limit" in fields that have a default. */
const unlimited = 2 ** 31 - 1

export function isRollingUpdate({ spec }: Deployment): boolean {
  return (spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
}

/** Pods above the wanted number during a rolling update. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0
}

/** Pods that may be missing during a rolling update. */
export function maxUnavailable(deployment: Deployment): number {
  if (!isRollingUpdate(deployment)) return 0
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment))
}

/** When both round to 0 one Pod may be missing, or the update could never move. After ResolveFenceposts. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { rollingUpdate } = deployment.spec?.strategy ?? {}
  const surge = scaledCount(rollingUpdate?.maxSurge, replicasOf(deployment), 'up')
  const unavailable = scaledCount(rollingUpdate?.maxUnavailable, replicasOf(deployment), 'down')
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** How many Pods the newest ReplicaSet may have now. After deployment_util.go NewRSNewReplicas. */
export function newestReplicas(deployment: Deployment, all: readonly ReplicaSet[], newest: ReplicaSet): number {
  const wanted = replicasOf(deployment)
  if (!isRollingUpdate(deployment)) return wanted
  const surge = scaledCount(deployment.spec?.strategy?.rollingUpdate?.maxSurge, wanted, 'up')
  const room = wanted + surge - sumOf(all, replicasOf)
  if (room <= 0) return replicasOf(newest)
  return replicasOf(newest) + Math.min(room, wanted - replicasOf(newest))
}

/** In milliseconds; undefined when rollouts may take for ever. */
export function progressDeadlineMs({ spec }: Deployment): number | undefined {
  const seconds = spec?.progressDeadlineSeconds
  return seconds === undefined || seconds === unlimited ? undefined : seconds * 1000
}

/** How many old ReplicaSets are kept; undefined: all. */
export function historyLimit({ spec }: Deployment): number | undefined {
  const limit = spec?.revisionHistoryLimit
  return limit === unlimited ? undefined : limit
}
