import type { ReplicaSet } from '../../api/types/apps/v1.ts'
import { selectsEverything } from '../label-match.ts'
import { controllerReference } from '../pod-control.ts'
import { templateHash } from '../pod-template-hash.ts'
import {
  compareRevisions,
  lastRevision,
  maxRevision,
  noteDeploymentRevision,
  noteRevision,
  noteSize,
  restoreAnnotations,
  revisionAnnotation,
  revisionOf,
  rollbackAnnotation,
  rollbackTarget,
} from './annotations.ts'
import { historyLimit, isRollingUpdate, newestReplicas, progressDeadlineMs } from './bounds.ts'
import {
  conditionOf,
  countStatus,
  isComplete,
  rolloutStatus,
  setCondition,
  untilDeadlineMs,
} from './deployment-status.ts'
import { clearForRecreate, rollForward } from './rolling.ts'
import {
  allReplicaSets,
  byCreation,
  type DeploymentAction,
  type DeploymentView,
  type PlannedEvent,
  type Rollout,
  replicasOf,
  sameTemplate,
  startRollout,
  templateHashLabel,
} from './rollout.ts'
import { isScalingEvent, scaleAll, scaleTo } from './scale.ts'

export interface DeploymentPlan {
  readonly actions: readonly DeploymentAction[]
  readonly requeueAfterMs?: number
}

/** Of a DNS subdomain. */
const maxNameLength = 253

/** What to do next for one Deployment. After pkg/controller/deployment syncDeployment. */
export function planDeployment(view: DeploymentView): DeploymentPlan {
  const rollout = startRollout(view)
  const { deployment } = rollout
  if (selectsEverything(deployment.spec?.selector)) return planSelectingAll(rollout)
  if (deployment.metadata?.deletionTimestamp) {
    noteNewest(rollout)
    return finish(rollout, 'counted')
  }
  notePause(rollout)
  if (deployment.spec?.paused) return planScaling(rollout)
  if (rollbackTarget(deployment) !== undefined) return planRollback(rollout)
  if (isScalingEvent(rollout)) return planScaling(rollout)
  return isRollingUpdate(deployment) ? planRolling(rollout) : planRecreate(rollout)
}

function planSelectingAll(rollout: Rollout): DeploymentPlan {
  const { deployment } = rollout
  const message = 'This deployment is selecting all pods. A non-empty selector is required.'
  const event: PlannedEvent = { type: 'Warning', reason: 'SelectingAll', message }
  const { generation = 0 } = deployment.metadata ?? {}
  const actions: DeploymentAction[] = [{ type: 'event', event }]
  if ((deployment.status?.observedGeneration ?? 0) < generation) {
    deployment.status = { ...deployment.status, observedGeneration: generation }
    actions.push({ type: 'updateStatus', deployment })
  }
  return { actions }
}

/** Sizes only, nothing moves on: for a paused Deployment, and before a rollout goes on with a new size. */
function planScaling(rollout: Rollout): DeploymentPlan {
  noteNewest(rollout)
  scaleAll(rollout)
  if (rollout.deployment.spec?.paused && rollbackTarget(rollout.deployment) === undefined) forgetHistory(rollout)
  return finish(rollout, 'counted')
}

function planRolling(rollout: Rollout): DeploymentPlan {
  ensureNewest(rollout)
  const moved = rollForward(rollout)
  if (!moved && isComplete(rollout, rollout.deployment.status)) forgetHistory(rollout)
  return finish(rollout, 'rolling')
}

function planRecreate(rollout: Rollout): DeploymentPlan {
  noteNewest(rollout)
  if (clearForRecreate(rollout)) return finish(rollout, 'rolling')
  const newest = ensureNewest(rollout)
  scaleTo(rollout, newest, replicasOf(rollout.deployment))
  if (isComplete(rollout, rollout.deployment.status)) forgetHistory(rollout)
  return finish(rollout, 'rolling')
}

/** After rollback.go: the template of the wanted revision becomes the Deployment's, which begins a new rollout. */
function planRollback(rollout: Rollout): DeploymentPlan {
  const { deployment } = rollout
  ensureNewest(rollout)
  const all = allReplicaSets(rollout)
  const revision = rollbackTarget(deployment) || lastRevision(all)
  const target = revision === 0n ? undefined : all.find((replicaSet) => revisionOf(replicaSet) === revision)
  const event = rollbackEvent(rollout, revision, target)
  if (target && event.reason === 'DeploymentRollback') {
    const { [templateHashLabel]: _, ...labels } = target.spec?.template?.metadata?.labels ?? {}
    const { metadata, spec } = structuredClone(target.spec?.template ?? {})
    deployment.spec!.template = { ...(spec ? { spec } : {}), metadata: { ...metadata, labels } }
    restoreAnnotations(deployment, target)
  }
  delete deployment.metadata?.annotations?.[rollbackAnnotation]
  return { actions: [...replicaSetActions(rollout), { type: 'updateDeployment', deployment, event }] }
}

function rollbackEvent({ deployment }: Rollout, revision: bigint, target: ReplicaSet | undefined): PlannedEvent {
  const { name } = deployment.metadata ?? {}
  const warn = (reason: string, message: string): PlannedEvent => ({ type: 'Warning', reason, message })
  if (revision === 0n) return warn('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.')
  if (!target) return warn('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.')
  if (sameTemplate(deployment.spec?.template, target.spec?.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`
    return warn('DeploymentRollbackTemplateUnchanged', message)
  }
  const message = `Rolled back deployment "${name}" to revision ${revision}`
  return { type: 'Normal', reason: 'DeploymentRollback', message }
}

/** Paused rollouts are not late: the condition says so, and starts the deadline anew when they go on. */
function notePause({ deployment, view }: Rollout): void {
  if (progressDeadlineMs(deployment) === undefined) return
  const condition = conditionOf(deployment.status, 'Progressing')
  if (condition?.reason === 'ProgressDeadlineExceeded') return
  const wasPaused = condition?.reason === 'DeploymentPaused'
  const isPaused = deployment.spec?.paused === true
  if (wasPaused === isPaused) return
  deployment.status ??= {}
  const reason = isPaused ? 'DeploymentPaused' : 'DeploymentResumed'
  const message = isPaused ? 'Deployment is paused' : 'Deployment is resumed'
  setCondition(deployment.status, { type: 'Progressing', status: 'Unknown', reason, message }, view.nowMs)
}

/** Numbers the newest ReplicaSet, if there is one, after the others. */
function noteNewest(rollout: Rollout): void {
  const { deployment, newest, old, view } = rollout
  if (!newest?.spec) return
  noteRevision(newest, deployment, maxRevision(old) + 1n)
  newest.spec.minReadySeconds = deployment.spec?.minReadySeconds ?? 0
  noteDeploymentRevision(deployment, newest.metadata?.annotations?.[revisionAnnotation] ?? '')
  const found = `Found new replica set "${newest.metadata?.name}"`
  if (!conditionOf(deployment.status, 'Progressing')) noteProgressing(rollout, 'FoundNewReplicaSet', found, view.nowMs)
}

function ensureNewest(rollout: Rollout): ReplicaSet {
  const { deployment, old, view } = rollout
  if (rollout.newest) {
    noteNewest(rollout)
    return rollout.newest
  }
  const newest = newReplicaSet(rollout)
  const revision = maxRevision(old) + 1n
  newest.spec!.replicas = newestReplicas(deployment, [...old, newest], newest)
  noteRevision(newest, deployment, revision)
  noteSize(newest, deployment)
  rollout.newest = newest
  rollout.creates = true
  noteDeploymentRevision(deployment, String(revision))
  const created = `Created new replica set "${newest.metadata?.name}"`
  noteProgressing(rollout, 'NewReplicaSetCreated', created, view.nowMs)
  return newest
}

function noteProgressing({ deployment }: Rollout, reason: string, message: string, nowMs: number): void {
  if (progressDeadlineMs(deployment) === undefined) return
  deployment.status ??= {}
  setCondition(deployment.status, { type: 'Progressing', status: 'True', reason, message }, nowMs)
}

function newReplicaSet({ deployment }: Rollout): ReplicaSet {
  const { metadata = {}, spec, status } = deployment
  const hash = templateHash(spec?.template, status?.collisionCount)
  const template = structuredClone(spec?.template ?? {})
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
  const selector = structuredClone(spec?.selector ?? {})
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${(metadata.name ?? '').slice(0, maxNameLength - 1 - hash.length)}-${hash}`,
      namespace: metadata.namespace ?? '',
      labels,
      ownerReferences: [controllerReference({ ...deployment, apiVersion: 'apps/v1', kind: 'Deployment' })],
    },
    spec: {
      replicas: 0,
      minReadySeconds: spec?.minReadySeconds ?? 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Old ReplicaSets past the limit go, lowest revision first, once nothing is left of them. */
function forgetHistory({ deployment, old, deletes }: Rollout): void {
  const limit = historyLimit(deployment)
  const kept = old.filter(({ metadata }) => !metadata?.deletionTimestamp)
  if (limit === undefined || kept.length <= limit) return
  const byRevision = kept.toSorted(
    (a, b) => compareRevisions(revisionOf(a) ?? 0n, revisionOf(b) ?? 0n) || byCreation(a, b),
  )
  for (const replicaSet of byRevision.slice(0, kept.length - limit)) {
    if (isEmpty(replicaSet)) deletes.push(replicaSet.metadata?.name ?? '')
  }
}

function isEmpty({ metadata, spec, status }: ReplicaSet): boolean {
  const observed = (metadata?.generation ?? 0) <= (status?.observedGeneration ?? 0)
  return (status?.replicas ?? 0) === 0 && spec?.replicas === 0 && observed
}

function finish(rollout: Rollout, mode: 'counted' | 'rolling'): DeploymentPlan {
  const { deployment, view } = rollout
  const status = mode === 'rolling' ? rolloutStatus(rollout) : countStatus(rollout)
  const actions = replicaSetActions(rollout)
  const changed =
    statusText(status) !== statusText(view.deployment.status ?? {}) ||
    deployment.metadata?.annotations?.[revisionAnnotation] !==
      view.deployment.metadata?.annotations?.[revisionAnnotation]
  if (changed) actions.push({ type: 'updateStatus', deployment: { ...deployment, status } })
  const requeueAfterMs = mode === 'rolling' ? untilDeadlineMs(rollout, status) : undefined
  return requeueAfterMs === undefined ? { actions } : { actions, requeueAfterMs }
}

function replicaSetActions(rollout: Rollout): DeploymentAction[] {
  const { view, newest, creates, events, deletes } = rollout
  const actions: DeploymentAction[] = []
  if (creates && newest) actions.push(createAction(newest))
  const originals = new Map(view.replicaSets.map((replicaSet) => [replicaSet.metadata?.name, replicaSet]))
  for (const draft of allReplicaSets(rollout)) {
    const original = originals.get(draft.metadata?.name)
    if (!original || JSON.stringify(original) === JSON.stringify(draft)) continue
    actions.push({ type: 'updateReplicaSet', replicaSet: draft, events: events.get(draft) ?? [] })
  }
  for (const name of deletes) actions.push({ type: 'deleteReplicaSet', name })
  return actions
}

function createAction(replicaSet: ReplicaSet): DeploymentAction {
  const count = replicasOf(replicaSet)
  if (count === 0) return { type: 'createReplicaSet', replicaSet }
  const message = `Scaled up replica set ${replicaSet.metadata?.name} from 0 to ${count}`
  return { type: 'createReplicaSet', replicaSet, event: { type: 'Normal', reason: 'ScalingReplicaSet', message } }
}

/** A status as text to compare: counts that are 0 may be written or not, the order of members does not matter. */
function statusText(status: object): string {
  const members = Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined)
  return JSON.stringify(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}
