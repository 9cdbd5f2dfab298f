import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/policy/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import { scaledCount } from '../int-or-percent.ts'
import { isPodReady, type ReadonlyPod } from '../pods.ts'

export type ReadonlyBudget = DeepReadonly<PodDisruptionBudget>

/** An eviction that has not led to a deletion after so long is forgotten. */
const deletionTimeoutMs = 120_000

export interface BudgetView {
  readonly budget: ReadonlyBudget
  /** The Pods it selects. */
  readonly pods: readonly ReadonlyPod[]
  /** How many Pods their controllers want together; only asked for what `needsScale`. */
  readonly scale: number
  readonly nowMs: number
}

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus
  /** Pods that were evicted and never deleted. */
  readonly notDeleted: readonly ReadonlyPod[]
  /** Until the next eviction is forgotten. */
  readonly recheckMs?: number
}

/** Whether the budget is a share of what the controllers of its Pods want. */
export function needsScale({ spec }: ReadonlyBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string'
}

/** How many more Pods may be disrupted. After pkg/controller/disruption trySync. */
export function planDisruptionBudget(view: BudgetView): BudgetPlan {
  const { budget, pods, nowMs } = view
  const expectedPods = needsScale(budget) ? view.scale : pods.length
  const desiredHealthy = desiredHealthyOf(budget, expectedPods)
  const evictions = evictionsOf(view)
  const pending = evictions.filter(({ leftMs }) => leftMs >= 0)
  const disrupted = new Map(pending.map(({ pod, time }) => [pod.metadata?.name ?? '', time]))
  const currentHealthy = pods.filter(
    (pod) => !isGoing(pod) && isPodReady(pod) && !disrupted.has(pod.metadata?.name ?? ''),
  ).length
  // A budget that knows no Pods yet must not allow the eviction of the first.
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  const status: PodDisruptionBudgetStatus = {
    observedGeneration: budget.metadata?.generation ?? 0,
    ...(disrupted.size > 0 ? { disruptedPods: Object.fromEntries(disrupted) } : {}),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: withAllowed(budget, disruptionsAllowed > 0 ? sufficient : insufficient, nowMs),
  }
  return {
    status,
    notDeleted: evictions.filter(({ leftMs }) => leftMs < 0).map(({ pod }) => pod),
    ...(pending.length > 0 ? { recheckMs: Math.min(...pending.map(({ leftMs }) => leftMs)) + 1 } : {}),
  }
}

/** The status of a budget that cannot be worked out: it allows nothing. After failSafe. */
export function failedStatus(budget: ReadonlyBudget, message: string, nowMs: number): PodDisruptionBudgetStatus {
  const present = structuredClone(budget.status ?? {}) as PodDisruptionBudgetStatus
  const conditions = withAllowed(budget, { status: 'False', reason: 'SyncFailed', message }, nowMs)
  return { ...present, disruptionsAllowed: 0, conditions }
}

function desiredHealthyOf({ spec }: ReadonlyBudget, expected: number): number {
  if (spec?.maxUnavailable !== undefined) {
    return Math.max(0, expected - scaledCount(spec.maxUnavailable, expected, 'up'))
  }
  return scaledCount(spec?.minAvailable, expected, 'up')
}

function evictionsOf({ budget, pods, nowMs }: BudgetView): { pod: ReadonlyPod; time: string; leftMs: number }[] {
  const times = budget.status?.disruptedPods ?? {}
  return pods.flatMap((pod) => {
    const time = times[pod.metadata?.name ?? '']
    if (time === undefined || isGoing(pod)) return []
    return [{ pod, time, leftMs: Date.parse(time) + deletionTimeoutMs - nowMs }]
  })
}

function isGoing({ metadata }: ReadonlyPod): boolean {
  return metadata?.deletionTimestamp !== undefined
}

type Allowed = Readonly<{ status: string; reason: string; message: string }>
const sufficient: Allowed = { status: 'True', reason: 'SufficientPods', message: '' }
const insufficient: Allowed = { status: 'False', reason: 'InsufficientPods', message: '' }

function withAllowed(
  { metadata, status }: ReadonlyBudget,
  wanted: Allowed,
  nowMs: number,
): NonNullable<PodDisruptionBudgetStatus['conditions']> {
  const type = 'DisruptionAllowed'
  const conditions = structuredClone(status?.conditions ?? []) as NonNullable<PodDisruptionBudgetStatus['conditions']>
  const present = conditions.find((condition) => condition.type === type)
  const lastTransitionTime = present?.status === wanted.status ? present.lastTransitionTime : formatTime(nowMs)
  const observedGeneration = metadata?.generation ?? 0
  const condition = { type, ...wanted, observedGeneration, lastTransitionTime }
  return [...conditions.filter((each) => each !== present), condition]
}
