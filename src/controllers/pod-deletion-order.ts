import { isPodReady, podCondition, type ReadonlyPod } from './pods.ts'

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** A Pod and how many related Pods share its node. */
export interface RankedPod {
  readonly pod: ReadonlyPod
  readonly rank: number
}

type Compare = (a: RankedPod, b: RankedPod, nowMs: number) => number

/** Negative: `a` goes first. The first comparison that tells the two apart decides. */
const comparisons: readonly Compare[] = [
  (a, b) => Number(isAssigned(a.pod)) - Number(isAssigned(b.pod)),
  (a, b) => phaseOf(a.pod) - phaseOf(b.pod),
  (a, b) => Number(isPodReady(a.pod)) - Number(isPodReady(b.pod)),
  (a, b) => deletionCost(a.pod) - deletionCost(b.pod),
  (a, b) => b.rank - a.rank,
  (a, b, nowMs) => (isPodReady(a.pod) && isPodReady(b.pod) ? compareAge(a, b, readyMs, nowMs) : 0),
  (a, b) => compareRestarts(a.pod, b.pod),
  (a, b, nowMs) => compareAge(a, b, createdMs, nowMs),
]

/**
 * Pods in the order in which they are given up: those that cost the least first. After pkg/controller
 * controller_utils.go ActivePodsWithRanks.
 */
export function inDeletionOrder(pods: readonly RankedPod[], nowMs: number): readonly ReadonlyPod[] {
  const compare = (a: RankedPod, b: RankedPod) => {
    for (const comparison of comparisons) {
      const difference = comparison(a, b, nowMs)
      if (difference !== 0) return difference
    }
    return 0
  }
  return pods.toSorted(compare).map(({ pod }) => pod)
}

function isAssigned(pod: ReadonlyPod): boolean {
  return (pod.spec?.nodeName ?? '') !== ''
}

function phaseOf(pod: ReadonlyPod): number {
  return phaseOrder[pod.status?.phase ?? 'Pending'] ?? 0
}

/** Invalid costs count as none, as upstream. */
function deletionCost(pod: ReadonlyPod): number {
  const text = pod.metadata?.annotations?.[costAnnotation] ?? '0'
  return /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0
}

function readyMs(pod: ReadonlyPod): number {
  return Date.parse(podCondition(pod, 'Ready')?.lastTransitionTime ?? '')
}

function createdMs(pod: ReadonlyPod): number {
  return Date.parse(pod.metadata?.creationTimestamp ?? '')
}

/**
 * Younger first, but ages of the same order of magnitude count as equal and the uid decides: otherwise always the
 * same zone, the one rolled out last, would be thinned out.
 */
function compareAge(a: RankedPod, b: RankedPod, timeOf: (pod: ReadonlyPod) => number, nowMs: number): number {
  const [first, second] = [timeOf(a.pod), timeOf(b.pod)]
  if (first === second) return 0
  if (Number.isNaN(first)) return Number.isNaN(second) ? 0 : -1
  if (Number.isNaN(second)) return 1
  const difference = magnitude(nowMs - first) - magnitude(nowMs - second)
  if (difference !== 0) return difference
  return (a.pod.metadata?.uid ?? '') < (b.pod.metadata?.uid ?? '') ? -1 : 1
}

/** The power of two of an age in nanoseconds, as upstream counts it. */
function magnitude(ageMs: number): number {
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1
}

/** More restarts first; restarts of sidecars count only when the containers' are equal. */
function compareRestarts(a: ReadonlyPod, b: ReadonlyPod): number {
  const [first, second] = [maxRestarts(a), maxRestarts(b)]
  return second.regular - first.regular || second.sidecar - first.sidecar
}

function maxRestarts({ spec, status }: ReadonlyPod): { regular: number; sidecar: number } {
  const regular = Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount ?? 0))
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  )
  const sidecarStatuses = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name ?? ''))
  return { regular, sidecar: Math.max(0, ...sidecarStatuses.map(({ restartCount }) => restartCount ?? 0)) }
}
