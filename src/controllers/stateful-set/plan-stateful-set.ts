import type { StatefulSetStatus } from '../../api/types/apps/v1.ts'
import { scaledCount } from '../int-or-percent.ts'
import { isPodAvailable, isPodReady, isPodTerminal, type ReadonlyPod } from '../pods.ts'
import { isWanted, ordinalOf, type ReadonlyStatefulSet, revisionOf, startOrdinal } from './stateful-pod.ts'

export interface StatefulSetView {
  readonly set: ReadonlyStatefulSet
  /** The set's Pods. */
  readonly pods: readonly ReadonlyPod[]
  /** Names of ControllerRevisions: the one that was rolled out last, and the one of the present template. */
  readonly currentRevision: string
  readonly updateRevision: string
  readonly nowMs: number
}

export type StatefulSetAction =
  | { readonly type: 'create'; readonly ordinal: number; readonly revision: string }
  | { readonly type: 'delete'; readonly pod: ReadonlyPod }
  /** Makes the claims a Pod waits for. */
  | { readonly type: 'createClaims'; readonly pod: ReadonlyPod }
  /** Gives a Pod and its claims the labels, volumes and owners they should have. */
  | { readonly type: 'conform'; readonly pod: ReadonlyPod }

/** What a step wants done, and whether an ordered set must wait for it before it goes on. */
interface Step {
  readonly actions: readonly StatefulSetAction[]
  readonly waits: boolean
}

/**
 * The next actions, to be done in their order. An ordered set changes one Pod at a time, from the lowest ordinal up
 * and from the highest down; a parallel one all at once. After pkg/controller/statefulset updateStatefulSet.
 */
export function planStatefulSet(view: StatefulSetView): readonly StatefulSetAction[] {
  const { set } = view
  if (set.metadata?.deletionTimestamp !== undefined) return []
  const isOrdered = set.spec?.podManagementPolicy !== 'Parallel'
  const replicas = replicasOf(view)
  const condemned = condemnedOf(view)
  const actions: StatefulSetAction[] = []
  const steps = [
    ...replicas.map((pod, index) => () => replicaStep(view, pod, startOrdinal(set) + index)),
    ...condemned.map((pod) => () => ({ actions: [{ type: 'conform', pod } as const], waits: false })),
    ...condemned.map(
      (pod) => () => condemnedStep(view, pod, firstUnavailable(view, [...replicas, ...condemned.toReversed()])),
    ),
  ]
  for (const step of steps) {
    const { actions: wanted, waits } = step()
    actions.push(...wanted)
    if (waits && isOrdered) return actions
  }
  return [...actions, ...planUpdate(view, replicas)]
}

/** By ordinal from the first; undefined where there is no Pod. */
function replicasOf({ set, pods }: StatefulSetView): (ReadonlyPod | undefined)[] {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]))
  return Array.from({ length: set.spec?.replicas ?? 1 }, (_, index) => byOrdinal.get(startOrdinal(set) + index))
}

/** Pods outside the range of ordinals, the highest first. */
function condemnedOf({ set, pods }: StatefulSetView): ReadonlyPod[] {
  const ordinal = (pod: ReadonlyPod) => ordinalOf(set, pod) ?? -1
  return pods.filter((pod) => !isWanted(set, ordinal(pod))).toSorted((a, b) => ordinal(b) - ordinal(a))
}

function replicaStep(view: StatefulSetView, pod: ReadonlyPod | undefined, ordinal: number): Step {
  if (!pod) return { actions: [{ type: 'create', ordinal, revision: revisionFor(view, ordinal) }], waits: true }
  if (isPodTerminal(pod)) return { actions: isGoing(pod) ? [] : [{ type: 'delete', pod }], waits: true }
  const claims: StatefulSetAction[] = pod.status?.phase === 'Pending' ? [{ type: 'createClaims', pod }] : []
  if (isUnavailable(view, pod)) {
    // A parallel set does not wait, and sees to identities all the same.
    return { actions: isOrdered(view) ? claims : [...claims, { type: 'conform', pod }], waits: true }
  }
  return { actions: [...claims, { type: 'conform', pod }], waits: false }
}

/** A Pod below the partition comes back as it was. */
function revisionFor({ set, currentRevision, updateRevision }: StatefulSetView, ordinal: number): string {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {}
  if (type === 'OnDelete') return updateRevision
  return ordinal < startOrdinal(set) + (rollingUpdate?.partition ?? 0) ? currentRevision : updateRevision
}

/** No healthy Pod goes while another is not, since that could be one too many. */
function condemnedStep(view: StatefulSetView, pod: ReadonlyPod, unavailable: ReadonlyPod | undefined): Step {
  if (isGoing(pod)) return { actions: [], waits: true }
  if (isOrdered(view) && isUnavailable(view, pod) && pod !== unavailable) return { actions: [], waits: true }
  return { actions: [{ type: 'delete', pod }], waits: true }
}

function firstUnavailable(view: StatefulSetView, pods: readonly (ReadonlyPod | undefined)[]): ReadonlyPod | undefined {
  const position = pods.findIndex((pod) => !pod || isUnavailable(view, pod))
  return position < 0 ? undefined : pods[position]
}

/** Which Pods of older revisions go, the highest ordinal first. */
function planUpdate(view: StatefulSetView, replicas: readonly (ReadonlyPod | undefined)[]): StatefulSetAction[] {
  const { type, rollingUpdate } = view.set.spec?.updateStrategy ?? {}
  if (type === 'OnDelete') return []
  const targets = replicas.slice(rollingUpdate?.partition ?? 0).toReversed()
  const isOutdated = (pod: ReadonlyPod | undefined) =>
    pod !== undefined && revisionOf(pod) !== view.updateRevision && !isGoing(pod)
  if (rollingUpdate?.maxUnavailable !== undefined) {
    const allowed = Math.max(1, scaledCount(rollingUpdate.maxUnavailable, replicas.length, 'down'))
    const missing = replicas.filter((pod) => !pod || isUnavailable(view, pod)).length
    const outdated = targets.filter(isOutdated).slice(0, Math.max(0, allowed - missing))
    return outdated.map((pod) => ({ type: 'delete', pod: pod! }))
  }
  // One at a time: the first that is outdated goes, unless one above it is still on its way.
  const next = targets.find((pod) => !pod || isOutdated(pod) || isUnavailable(view, pod))
  return next && isOutdated(next) ? [{ type: 'delete', pod: next }] : []
}

function isOrdered({ set }: StatefulSetView): boolean {
  return set.spec?.podManagementPolicy !== 'Parallel'
}

function isGoing({ metadata }: ReadonlyPod): boolean {
  return metadata?.deletionTimestamp !== undefined
}

function isUnavailable({ set, nowMs }: StatefulSetView, pod: ReadonlyPod): boolean {
  return isGoing(pod) || !isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)
}

/** After pkg/controller/statefulset computeReplicaStatus and completeRollingUpdate. */
export function statefulSetStatus(view: StatefulSetView): StatefulSetStatus {
  const { set, pods, currentRevision, updateRevision, nowMs } = view
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod))
  const staying = pods.filter((pod) => !isGoing(pod))
  const updatedReplicas = staying.filter((pod) => revisionOf(pod) === updateRevision).length
  const wanted = set.spec?.replicas ?? 1
  const isComplete =
    set.spec?.updateStrategy?.type !== 'OnDelete' &&
    [updatedReplicas, ready.length, pods.length].every((count) => count === wanted)
  return {
    observedGeneration: set.metadata?.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)).length,
    currentReplicas: isComplete ? updatedReplicas : staying.filter((pod) => revisionOf(pod) === currentRevision).length,
    updatedReplicas,
    currentRevision: isComplete ? updateRevision : currentRevision,
    updateRevision,
    collisionCount: set.status?.collisionCount ?? 0,
  }
}
