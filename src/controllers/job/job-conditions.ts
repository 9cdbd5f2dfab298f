import type { JobCondition } from '../../api/types/batch/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'

export type ReadonlyConditions = readonly DeepReadonly<JobCondition>[]

export interface WantedCondition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/**
 * The conditions with one set; the very same list when it says so already, or when what was never true is false. After
 * pkg/controller/job ensureJobConditionStatus.
 */
export function withCondition(
  conditions: ReadonlyConditions,
  wanted: WantedCondition,
  nowMs: number,
): ReadonlyConditions {
  const now = formatTime(nowMs)
  const condition: JobCondition = { ...wanted, lastProbeTime: now, lastTransitionTime: now }
  const present = conditions.find(({ type }) => type === wanted.type)
  if (!present) return wanted.status === 'True' ? [...conditions, condition] : conditions
  const { status, reason, message } = present
  if (status === wanted.status && reason === wanted.reason && message === wanted.message) return conditions
  return conditions.map((each) => (each === present ? condition : each))
}
