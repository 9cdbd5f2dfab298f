import type { DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/types/apps/v1.ts'
import { formatTime } from '../../machinery/time.ts'
import { maxUnavailable, progressDeadlineMs } from './bounds.ts'
import { allReplicaSets, type Rollout, replicasOf, sumOf } from './rollout.ts'

type Condition = Omit<DeploymentCondition, 'lastUpdateTime' | 'lastTransitionTime'>

/** The status of a Deployment that is not rolling out (paused, scaled, deleted). After sync.go calculateStatus. */
export function countStatus(rollout: Rollout): DeploymentStatus {
  const { deployment, newest, view } = rollout
  const all = allReplicaSets(rollout)
  const available = sumOf(all, ({ status }) => status?.availableReplicas)
  const terminating = terminatingReplicas(all)
  const { collisionCount } = deployment.status ?? {}
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: sumOf(all, ({ status }) => status?.replicas),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sumOf(all, ({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumOf(all, replicasOf) - available),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    conditions: [...(deployment.status?.conditions ?? [])],
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment)
  setCondition(status, enough ? hasMinimum : lacksMinimum, view.nowMs)
  return status
}

const hasMinimum: Condition = {
  type: 'Available',
  status: 'True',
  reason: 'MinimumReplicasAvailable',
  message: 'Deployment has minimum availability.',
}

const lacksMinimum: Condition = {
  type: 'Available',
  status: 'False',
  reason: 'MinimumReplicasUnavailable',
  message: 'Deployment does not have minimum availability.',
}

/** The same while rolling out, with how it goes. After progress.go syncRolloutStatus. */
export function rolloutStatus(rollout: Rollout): DeploymentStatus {
  const { view } = rollout
  const status = countStatus(rollout)
  if (progressDeadlineMs(rollout.deployment) === undefined) removeCondition(status, 'Progressing')
  else noteProgress(rollout, status)
  const failure = replicaFailure(rollout)
  if (failure) setCondition(status, failure, view.nowMs, failure.lastTransitionTime)
  else removeCondition(status, 'ReplicaFailure')
  return status
}

function noteProgress(rollout: Rollout, status: DeploymentStatus): void {
  const { nowMs } = rollout.view
  const current = conditionOf(rollout.deployment.status, 'Progressing')
  const wasComplete = status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable'
  if (wasComplete) return
  if (isComplete(rollout, status)) {
    setCondition(status, progressing(rollout, 'True', 'NewReplicaSetAvailable', 'has successfully progressed.'), nowMs)
  } else if (hasProgressed(rollout, status)) {
    // A new update time even if nothing else changes: the deadline counts from the last progress.
    removeCondition(status, 'Progressing')
    const condition = progressing(rollout, 'True', 'ReplicaSetUpdated', 'is progressing.')
    setCondition(
      status,
      condition,
      nowMs,
      formatTime(nowMs),
      current?.status === 'True' ? current.lastTransitionTime : undefined,
    )
  } else if (hasTimedOut(rollout, status)) {
    setCondition(status, progressing(rollout, 'False', 'ProgressDeadlineExceeded', 'has timed out progressing.'), nowMs)
  }
}

function progressing(
  { deployment, newest }: Rollout,
  status: 'True' | 'False',
  reason: string,
  what: string,
): Condition {
  const subject = newest ? `ReplicaSet "${newest.metadata?.name}"` : `Deployment "${deployment.metadata?.name}"`
  return { type: 'Progressing', status, reason, message: `${subject} ${what}` }
}

/** Whether a status says that all Pods are of the newest template and available. */
export function isComplete({ deployment }: Rollout, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment)
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  )
}

function hasProgressed({ deployment }: Rollout, status: DeploymentStatus): boolean {
  const before = deployment.status ?? {}
  const oldPods = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas
  return (
    (status.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldPods(status) < oldPods(before) ||
    (status.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function hasTimedOut({ deployment, view }: Rollout, status: DeploymentStatus): boolean {
  const condition = conditionOf(status, 'Progressing')
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false
  if (condition.reason === 'ProgressDeadlineExceeded') return true
  return Date.parse(condition.lastUpdateTime ?? '') + progressDeadlineMs(deployment)! < view.nowMs
}

/** How long until a rollout that stands still is too late; undefined when that cannot happen. */
export function untilDeadlineMs(rollout: Rollout, status: DeploymentStatus): number | undefined {
  const deadlineMs = progressDeadlineMs(rollout.deployment)
  const condition = conditionOf(status, 'Progressing')
  if (deadlineMs === undefined || !condition || isComplete(rollout, status)) return undefined
  if (condition.reason === 'ProgressDeadlineExceeded') return undefined
  // A second more, since times are kept to the second.
  return Math.max(0, Date.parse(condition.lastUpdateTime ?? '') + deadlineMs - rollout.view.nowMs) + 1000
}

function replicaFailure(rollout: Rollout): DeploymentCondition | undefined {
  const { newest, old } = rollout
  for (const { status } of newest ? [newest, ...old] : old) {
    const failure = status?.conditions?.find(({ type }) => type === 'ReplicaFailure')
    if (failure)
      return { ...failure, ...(failure.lastTransitionTime ? { lastUpdateTime: failure.lastTransitionTime } : {}) }
  }
  return undefined
}

/** Undefined while one of them, written by an older controller, does not count. */
function terminatingReplicas(replicaSets: readonly ReplicaSet[]): number | undefined {
  const counting = replicaSets.filter(({ status }) => (status?.observedGeneration ?? 0) !== 0)
  if (counting.some(({ status }) => status?.terminatingReplicas === undefined)) return undefined
  return sumOf(counting, ({ status }) => status?.terminatingReplicas)
}

export function conditionOf(status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

/** Leaves a condition alone that has this status and reason already; keeps the transition time of an equal status. */
export function setCondition(
  status: DeploymentStatus,
  { type, status: value, reason, message }: Condition,
  nowMs: number,
  updateTime = formatTime(nowMs),
  transitionTime?: string,
): void {
  const current = conditionOf(status, type)
  if (current?.status === value && current.reason === reason) return
  const lastTransitionTime =
    transitionTime ?? (current?.status === value ? current.lastTransitionTime : undefined) ?? updateTime
  removeCondition(status, type)
  const texts = { ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
  status.conditions = [
    ...(status.conditions ?? []),
    { type, status: value, lastUpdateTime: updateTime, lastTransitionTime, ...texts },
  ]
}

function removeCondition(status: DeploymentStatus, type: string): void {
  status.conditions = (status.conditions ?? []).filter((condition) => condition.type !== type)
}
