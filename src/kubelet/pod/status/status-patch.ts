import { isDeepStrictEqual } from 'node:util'
import type { PodStatus } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'

/** Lists that a strategic merge patch would merge by key, although they are to be replaced. */
const mergedLists = new Set<string>(['podIPs', 'hostIPs'])

/**
 * The strategic merge patch that turns `from` into `to`, without touching what others own; undefined when they are
 * equal. The uid makes a Pod of the same name that came in between refuse it. After component-helpers v1.36 PatchPodStatus.
 */
export function statusPatch(uid: string, from: DeepReadonly<PodStatus>, to: PodStatus): object | undefined {
  const status: Record<string, unknown> = {}
  const before = from as Record<string, unknown>
  const after = to as Record<string, unknown>
  for (const name of ownedFields) {
    const areConditions = name === 'conditions'
    const old = areConditions ? withoutNulls(from.conditions) : before[name]
    const wanted = areConditions ? withoutNulls(to.conditions) : after[name]
    if (isDeepStrictEqual(old, wanted)) continue
    status[name] = fieldPatch(name, old, wanted)
  }
  return Object.keys(status).length > 0 ? { metadata: { uid }, status } : undefined
}

/** resize, nominatedNodeName and resource claims are written by others. */
const ownedFields: readonly (keyof PodStatus)[] = [
  'observedGeneration',
  'phase',
  'conditions',
  'message',
  'reason',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'qosClass',
  'ephemeralContainerStatuses',
]

function fieldPatch(name: string, before: unknown, after: unknown): unknown {
  if (after === undefined) return null
  if (name === 'conditions') return conditionsPatch(before as Condition[] | undefined, after as Condition[])
  return mergedLists.has(name) ? [{ $patch: 'replace' }, ...(after as object[])] : after
}

/** The API shows `lastProbeTime: null` where nothing was written, and conditions of others are taken over from there. */
function withoutNulls(conditions: readonly object[] | undefined): object[] | undefined {
  return conditions?.map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null)))
}

type Condition = { type: string } & Record<string, unknown>

/** Conditions merge by type: only changed ones are sent, with null for fields that are gone. */
function conditionsPatch(before: readonly Condition[] = [], after: readonly Condition[]): object[] {
  return after.flatMap((condition) => {
    const old = before.find(({ type }) => type === condition.type)
    if (isDeepStrictEqual(old, condition)) return []
    const gone = Object.keys(old ?? {}).filter((field) => !(field in condition))
    return [{ ...Object.fromEntries(gone.map((field) => [field, null])), ...condition }]
  })
}
