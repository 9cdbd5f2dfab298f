import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { canonical } from '../pod-template-hash.ts'
import { isPodTerminal, type ReadonlyPod } from '../pods.ts'

export interface DeploymentView {
  readonly deployment: DeepReadonly<Deployment>
  /** Those the Deployment controls. */
  readonly replicaSets: readonly DeepReadonly<ReplicaSet>[]
  /** By the uid of their ReplicaSet. */
  readonly pods: ReadonlyMap<string, readonly ReadonlyPod[]>
  readonly nowMs: number
}

export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** A ReplicaSet as it is to be; `event` is told once it was written. */
export type DeploymentAction =
  | { readonly type: 'createReplicaSet'; readonly replicaSet: ReplicaSet; readonly event?: PlannedEvent }
  | { readonly type: 'updateReplicaSet'; readonly replicaSet: ReplicaSet; readonly events: readonly PlannedEvent[] }
  | { readonly type: 'deleteReplicaSet'; readonly name: string }
  | { readonly type: 'updateDeployment'; readonly deployment: Deployment; readonly event?: PlannedEvent }
  | { readonly type: 'updateStatus'; readonly deployment: Deployment }
  | { readonly type: 'event'; readonly event: PlannedEvent }

/**
 * The working copy of one plan: drafts that the steps change as if each change were written at once, so that a later
 * step sees what an earlier one decided. `collectActions` turns the difference into actions.
 */
export interface Rollout {
  readonly view: DeploymentView
  readonly deployment: Deployment
  /** The one whose template is the Deployment's. */
  newest: ReplicaSet | undefined
  /** Set when `newest` does not exist yet. */
  creates: boolean
  /** The others, oldest first. */
  readonly old: readonly ReplicaSet[]
  readonly events: Map<ReplicaSet, PlannedEvent[]>
  readonly deletes: string[]
}

export const templateHashLabel = 'pod-template-hash'

export function startRollout(view: DeploymentView): Rollout {
  const drafts = view.replicaSets.map((replicaSet) => structuredClone(replicaSet) as ReplicaSet).sort(byCreation)
  const deployment = structuredClone(view.deployment) as Deployment
  const newest = drafts.find((draft) => sameTemplate(draft.spec?.template, deployment.spec?.template))
  const old = drafts.filter((draft) => draft !== newest)
  return { view, deployment, newest, creates: false, old, events: new Map(), deletes: [] }
}

export function allReplicaSets({ old, newest }: Rollout): ReplicaSet[] {
  return newest ? [...old, newest] : [...old]
}

/** Those that want Pods. */
export function active(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter((replicaSet) => replicasOf(replicaSet) > 0)
}

/** `spec.replicas`, of either kind; the default is 1. */
export function replicasOf({ spec }: DeepReadonly<ReplicaSet> | DeepReadonly<Deployment>): number {
  return spec?.replicas ?? 1
}

export function sumOf(
  replicaSets: readonly ReplicaSet[],
  count: (replicaSet: ReplicaSet) => number | undefined,
): number {
  return replicaSets.reduce((sum, replicaSet) => sum + (count(replicaSet) ?? 0), 0)
}

/** Whether two templates say the same, apart from the hash label. After deployment_util.go EqualIgnoreHash. */
export function sameTemplate(a: unknown, b: unknown): boolean {
  return canonical(withoutHash(a)) === canonical(withoutHash(b))
}

function withoutHash(template: unknown): unknown {
  const { metadata, ...rest } = (template ?? {}) as { metadata?: { labels?: Record<string, string> } }
  const { [templateHashLabel]: _, ...labels } = metadata?.labels ?? {}
  return { ...rest, metadata: { ...metadata, labels } }
}

/** Oldest first; by name where the second is the same. */
export function byCreation(a: DeepReadonly<ReplicaSet>, b: DeepReadonly<ReplicaSet>): number {
  const [first, second] = [a, b].map(({ metadata }) => Date.parse(metadata?.creationTimestamp ?? '') || 0)
  if (first !== second) return first! - second!
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1
}

/** Whether Pods of other ReplicaSets than the newest still run: Recreate waits for them. */
export function oldPodsRunning({ view, old, newest }: Rollout): boolean {
  if (sumOf(old, ({ status }) => status?.replicas) > 0) return true
  for (const [uid, pods] of view.pods) {
    if (uid !== newest?.metadata?.uid && pods.some((pod) => !isPodTerminal(pod))) return true
  }
  return false
}
