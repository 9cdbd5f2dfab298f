import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts'
import type { ObjectMeta } from '../../machinery/object.ts'
import { maxSurge } from './bounds.ts'
import { replicasOf } from './rollout.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
export const rollbackAnnotation = 'deprecated.deployment.rollback.to'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
const maxAnnotation = 'deployment.kubernetes.io/max-replicas'
const maxHistoryLength = 2000

/** The Deployment's own bookkeeping, which is not handed down to ReplicaSets. */
const notCopied: readonly string[] = [
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  rollbackAnnotation,
]

interface Annotated {
  metadata?: ObjectMeta
}

function annotationsOf(object: Annotated): Record<string, string> {
  object.metadata ??= {}
  object.metadata.annotations ??= {}
  return object.metadata.annotations
}

/** The revision a ReplicaSet stands for, of 64 bits; 0 when it has none, undefined when it is no number. */
export function revisionOf({ metadata }: Annotated): bigint | undefined {
  const text = metadata?.annotations?.[revisionAnnotation]
  if (text === undefined) return 0n
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined
}

export function maxRevision(replicaSets: readonly ReplicaSet[]): bigint {
  return descendingRevisions(replicaSets)[0] ?? 0n
}

/** The revision before the newest, or 0. */
export function lastRevision(replicaSets: readonly ReplicaSet[]): bigint {
  return descendingRevisions(replicaSets)[1] ?? 0n
}

function descendingRevisions(replicaSets: readonly ReplicaSet[]): bigint[] {
  return replicaSets.map((replicaSet) => revisionOf(replicaSet) ?? 0n).sort((a, b) => compareRevisions(b, a))
}

export function compareRevisions(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The revision that `kubectl` of old asked to go back to. 0: the one before. */
export function rollbackTarget({ metadata }: Deployment): bigint | undefined {
  const text = metadata?.annotations?.[rollbackAnnotation] ?? ''
  return /^\d+$/.test(text) ? BigInt(text) : undefined
}

export function desiredReplicasOf({ metadata }: ReplicaSet): number | undefined {
  return countIn(metadata?.annotations?.[desiredAnnotation])
}

export function maxReplicasOf({ metadata }: ReplicaSet): number | undefined {
  return countIn(metadata?.annotations?.[maxAnnotation])
}

function countIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Notes on a ReplicaSet how large its Deployment is, which proportional scaling reads later. */
export function noteSize(replicaSet: ReplicaSet, deployment: Deployment): boolean {
  const annotations = annotationsOf(replicaSet)
  const wanted = replicasOf(deployment)
  const desired = String(wanted)
  const max = String(wanted + maxSurge(deployment))
  if (annotations[desiredAnnotation] === desired && annotations[maxAnnotation] === max) return false
  annotations[desiredAnnotation] = desired
  annotations[maxAnnotation] = max
  return true
}

/**
 * Makes a ReplicaSet stand for `revision`: a revision it had goes to its history, and the Deployment's annotations are
 * copied. After deployment_util.go SetNewReplicaSetAnnotations.
 */
export function noteRevision(replicaSet: ReplicaSet, deployment: Deployment, revision: bigint): void {
  const annotations = annotationsOf(replicaSet)
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!notCopied.includes(key)) annotations[key] = value
  }
  const previous = annotations[revisionAnnotation]
  const previousRevision = revisionOf(replicaSet)
  if (previousRevision === undefined || previousRevision >= revision) return
  annotations[revisionAnnotation] = String(revision)
  if (previous === undefined) return
  const history = (annotations[historyAnnotation] ?? '').split(',').filter((entry) => entry !== '')
  history.push(previous)
  while (history.join(',').length > maxHistoryLength) history.shift()
  annotations[historyAnnotation] = history.join(',')
}

export function noteDeploymentRevision(deployment: Deployment, revision: string): void {
  annotationsOf(deployment)[revisionAnnotation] = revision
}

/** After a rollback the Deployment carries the annotations of the ReplicaSet it went back to, and its own. */
export function restoreAnnotations(deployment: Deployment, replicaSet: ReplicaSet): void {
  const own = Object.entries(annotationsOf(deployment)).filter(([key]) => notCopied.includes(key))
  const restored = Object.entries(replicaSet.metadata?.annotations ?? {}).filter(([key]) => !notCopied.includes(key))
  deployment.metadata = { ...deployment.metadata, annotations: Object.fromEntries([...own, ...restored]) }
}
