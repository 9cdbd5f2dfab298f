import { tolerates } from '../../api/core/tolerations.ts'
import type { Node, Taint, Toleration } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'

export const notReadyKey = 'node.kubernetes.io/not-ready'
export const unreachableKey = 'node.kubernetes.io/unreachable'
const unschedulableKey = 'node.kubernetes.io/unschedulable'

/** Condition → its status → the taint it stands for. */
const conditionTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyKey, Unknown: unreachableKey },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
}

const controlledKeys: ReadonlySet<string> = new Set([
  ...Object.values(conditionTaints).flatMap((byStatus) => Object.values(byStatus)),
  unschedulableKey,
])

/**
 * The node's taints with the NoSchedule ones that follow from its conditions, or undefined when they are right
 * already. After node_lifecycle_controller.go doNoScheduleTaintingPass.
 */
export function noScheduleTaints({ spec, status }: DeepReadonly<Node>, nowMs: number): Taint[] | undefined {
  const wanted = (status?.conditions ?? []).flatMap(({ type, status: value }) => conditionTaints[type]?.[value] ?? [])
  if (spec?.unschedulable) wanted.push(unschedulableKey)
  const isOurs = ({ key, effect }: DeepReadonly<Taint>) => effect === 'NoSchedule' && controlledKeys.has(key)
  const taints = spec?.taints ?? []
  const present = new Set(taints.filter(isOurs).map(({ key }) => key))
  const missing = wanted.filter((key) => !present.has(key))
  const isStale = (taint: DeepReadonly<Taint>) => isOurs(taint) && !wanted.includes(taint.key)
  if (missing.length === 0 && !taints.some(isStale)) return undefined
  const kept = structuredClone(taints.filter((taint) => !isStale(taint))) as Taint[]
  return [...kept, ...missing.map((key) => newTaint(key, 'NoSchedule', nowMs))]
}

/** The taints with this NoExecute one and not the opposite one; neither for a ready node. Undefined: no change. */
export function noExecuteTaints(
  { spec }: DeepReadonly<Node>,
  key: typeof notReadyKey | typeof unreachableKey | undefined,
  nowMs: number,
): Taint[] | undefined {
  const taints = spec?.taints ?? []
  const isOurs = (taint: DeepReadonly<Taint>) =>
    taint.effect === 'NoExecute' && (taint.key === notReadyKey || taint.key === unreachableKey)
  const ours = taints.filter(isOurs)
  if (key === undefined ? ours.length === 0 : ours.length === 1 && ours[0]?.key === key) return undefined
  const kept = structuredClone(taints.filter((taint) => !isOurs(taint) || taint.key === key)) as Taint[]
  const isThere = key === undefined || kept.some((taint) => isOurs(taint) && taint.key === key)
  return isThere ? kept : [...kept, newTaint(key, 'NoExecute', nowMs)]
}

function newTaint(key: string, effect: string, nowMs: number): Taint {
  return { key, effect, timeAdded: formatTime(nowMs) }
}

/**
 * How long a Pod may stay on a node with these NoExecute taints, from when they were noticed: 0 when one is not
 * tolerated, undefined for ever. After tainteviction getMinTolerationTime.
 */
export function toleratedForMs(
  taints: readonly DeepReadonly<Taint>[],
  tolerations: readonly DeepReadonly<Toleration>[],
): number | undefined {
  const used = taints.map((taint) => tolerations.find((toleration) => tolerates(toleration, taint)))
  if (used.some((toleration) => toleration === undefined)) return 0
  const limits = used.flatMap((toleration) =>
    toleration?.tolerationSeconds === undefined ? [] : [toleration.tolerationSeconds],
  )
  return limits.length === 0 ? undefined : Math.max(0, Math.min(...limits)) * 1000
}
