import type { DaemonSet, DaemonSetStatus } from '../../api/types/apps/v1.ts'
import type { Node } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { scaledCount } from '../int-or-percent.ts'
import { isPodAvailable, isPodReady, type ReadonlyPod } from '../pods.ts'
import { daemonSpec, isCurrent } from './daemon-pod.ts'
import { type NodeFit, nodeFit } from './node-fit.ts'

export interface DaemonSetView {
  readonly daemonSet: DeepReadonly<DaemonSet>
  readonly nodes: readonly DeepReadonly<Node>[]
  /** The DaemonSet's Pods by the node they are on or meant for. */
  readonly pods: ReadonlyMap<string, readonly ReadonlyPod[]>
  /** Of the present template. */
  readonly hash: string
  /** Whether a failed Pod of this node may be replaced yet. */
  readonly mayReplaceFailed: (nodeName: string) => boolean
  readonly nowMs: number
}

export interface DaemonSetPlan {
  /** Names of nodes. */
  readonly create: string[]
  readonly delete: ReadonlyPod[]
  readonly failed: ReadonlyPod[]
  readonly succeeded: ReadonlyPod[]
}

interface OnNode {
  readonly name: string
  readonly fit: NodeFit
  readonly pods: readonly ReadonlyPod[]
}

/** Where Pods are missing and which are too many. After pkg/controller/daemon manage and rollingUpdate. */
export function planDaemonSet(view: DaemonSetView): DaemonSetPlan {
  const plan: DaemonSetPlan = { create: [], delete: [], failed: [], succeeded: [] }
  const nodes = survey(view)
  for (const node of nodes) planNode(view, node, plan)
  const present = new Set(nodes.map(({ name }) => name))
  for (const [name, pods] of view.pods) {
    if (!present.has(name)) plan.delete.push(...pods.filter(({ spec }) => !spec?.nodeName))
  }
  const strategy = view.daemonSet.spec?.updateStrategy?.type ?? 'RollingUpdate'
  // One thing at a time: the update goes on when the cache shows what was done.
  const isSettled = plan.create.length + plan.delete.length + plan.failed.length + plan.succeeded.length === 0
  if (strategy === 'RollingUpdate' && isSettled) planUpdate(view, nodes, plan)
  return plan
}

function survey({ daemonSet, nodes, pods }: DaemonSetView): OnNode[] {
  const spec = daemonSpec(daemonSet.spec?.template?.spec ?? { containers: [] })
  return nodes.map((node) => {
    const name = node.metadata?.name ?? ''
    return { name, fit: nodeFit(spec, node), pods: pods.get(name) ?? [] }
  })
}

function planNode(view: DaemonSetView, { name, fit, pods }: OnNode, plan: DaemonSetPlan): void {
  const staying = pods.filter(({ metadata }) => !metadata?.deletionTimestamp)
  if (!fit.shouldContinue) {
    plan.delete.push(...staying)
    return
  }
  if (fit.shouldRun && pods.length === 0) plan.create.push(name)
  const failed = staying.filter(({ status }) => status?.phase === 'Failed')
  if (failed.length > 0 && view.mayReplaceFailed(name)) plan.failed.push(...failed)
  plan.succeeded.push(...staying.filter(({ status }) => status?.phase === 'Succeeded'))
  const running = staying
    .filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
    .sort(bySeniority)
  if (!allowsSurge(view)) plan.delete.push(...running.slice(1))
  else planSurgingNode(view, { name, fit, pods: running }, plan)
}

/** With surge a new Pod starts beside the old one, which goes when the new one is available. */
function planSurgingNode(view: DaemonSetView, { name, fit, pods }: OnNode, plan: DaemonSetPlan): void {
  if (pods.length === 0 && fit.shouldRun && !plan.create.includes(name)) plan.create.push(name)
  if (pods.length <= 1) return
  const newest = pods.find((pod) => isCurrent(pod, view.hash))
  const oldest = pods.find((pod) => !isCurrent(pod, view.hash))
  plan.delete.push(...pods.filter((pod) => pod !== newest && pod !== oldest))
  if (newest && oldest && (!isPodReady(oldest) || isAvailable(view, newest))) plan.delete.push(oldest)
}

function planUpdate(view: DaemonSetView, nodes: readonly OnNode[], plan: DaemonSetPlan): void {
  const { maxSurge, maxUnavailable } = limits(view, nodes)
  const occupied = nodes.filter(({ pods }) => pods.length > 0).map((node) => ({ node, ...oldAndNew(view, node) }))
  if (maxSurge > 0) {
    const surging = occupied.filter(({ old, current }) => old && current && !isAvailable(view, current)).length
    const waiting = occupied.filter(({ old, current, node }) => old && !current && node.fit.shouldRun)
    const broken = waiting.filter(({ old }) => !isAvailable(view, old!))
    const healthy = waiting.filter(({ old }) => isAvailable(view, old!)).slice(0, Math.max(0, maxSurge - surging))
    plan.create.push(...[...broken, ...healthy].map(({ node }) => node.name))
    return
  }
  const unavailable = occupied.filter(({ old, current }) => {
    const only = old ?? current
    return !only || Boolean(old && current) || !isAvailable(view, only)
  }).length
  const outdated = occupied.flatMap(({ old, current }) => (old && !current ? [old] : []))
  const broken = outdated.filter((pod) => !isAvailable(view, pod))
  const healthy = outdated.filter((pod) => isAvailable(view, pod)).slice(0, Math.max(0, maxUnavailable - unavailable))
  plan.delete.push(...broken, ...healthy)
}

function oldAndNew(
  { hash }: DaemonSetView,
  { pods }: OnNode,
): { old: ReadonlyPod | undefined; current: ReadonlyPod | undefined } {
  const staying = pods.filter(({ metadata }) => !metadata?.deletionTimestamp)
  return { old: staying.find((pod) => !isCurrent(pod, hash)), current: staying.find((pod) => isCurrent(pod, hash)) }
}

function limits({ daemonSet }: DaemonSetView, nodes: readonly OnNode[]): { maxSurge: number; maxUnavailable: number } {
  const { rollingUpdate } = daemonSet.spec?.updateStrategy ?? {}
  const desired = nodes.filter(({ fit }) => fit.shouldRun).length
  const maxSurge = scaledCount(rollingUpdate?.maxSurge, desired, 'up')
  const maxUnavailable = scaledCount(rollingUpdate?.maxUnavailable ?? 1, desired, 'up')
  return { maxSurge, maxUnavailable: maxSurge === 0 ? Math.max(1, maxUnavailable) : maxUnavailable }
}

function allowsSurge({ daemonSet }: DaemonSetView): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = daemonSet.spec?.updateStrategy ?? {}
  return type === 'RollingUpdate' && scaledCount(rollingUpdate?.maxSurge, 1, 'up') > 0
}

function isAvailable({ daemonSet, nowMs }: DaemonSetView, pod: ReadonlyPod): boolean {
  return isPodAvailable(pod, daemonSet.spec?.minReadySeconds ?? 0, nowMs)
}

/** Placed before not placed, then older first. */
function bySeniority(a: ReadonlyPod, b: ReadonlyPod): number {
  const placed = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName))
  if (placed !== 0) return placed
  const ageKey = ({ metadata }: ReadonlyPod) => `${metadata?.creationTimestamp ?? ''} ${metadata?.name ?? ''}`
  return ageKey(a) < ageKey(b) ? -1 : 1
}

/** After pkg/controller/daemon updateDaemonSetStatus. */
export function daemonSetStatus(view: DaemonSetView): DaemonSetStatus {
  const { daemonSet, hash } = view
  const nodes = survey(view)
  const wanted = nodes.filter(({ fit }) => fit.shouldRun)
  const senior = wanted.flatMap(({ pods }) => (pods.length > 0 ? [pods.toSorted(bySeniority)[0]!] : []))
  const available = senior.filter((pod) => isAvailable(view, pod)).length
  const { collisionCount, conditions } = structuredClone(daemonSet.status ?? {}) as Partial<DaemonSetStatus>
  return {
    currentNumberScheduled: senior.length,
    numberMisscheduled: nodes.filter(({ fit, pods }) => !fit.shouldRun && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: senior.filter(isPodReady).length,
    observedGeneration: daemonSet.metadata?.generation ?? 0,
    updatedNumberScheduled: senior.filter((pod) => isCurrent(pod, hash)).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions ? { conditions } : {}),
  }
}
