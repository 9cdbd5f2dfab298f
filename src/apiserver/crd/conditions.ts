import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'

/** A condition without its time. */
export type NewCondition = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime' | 'observedGeneration'>

type Conditions = readonly DeepReadonly<CustomResourceDefinitionCondition>[]

/** After apiextensions-apiserver pkg/apihelpers v1.36, as functions from conditions to conditions. */
export function findCondition(
  { status }: DeepReadonly<CustomResourceDefinition>,
  type: string,
): DeepReadonly<CustomResourceDefinitionCondition> | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

export function isConditionTrue(definition: DeepReadonly<CustomResourceDefinition>, type: string): boolean {
  return findCondition(definition, type)?.status === 'True'
}

/** The conditions with one set; the time of its last transition moves only when its status does. */
export function withCondition(conditions: Conditions, wanted: NewCondition, nowMs: number): Conditions {
  const old = conditions.find(({ type }) => type === wanted.type)
  if (!old) return [...conditions, { ...wanted, lastTransitionTime: formatTime(nowMs) }]
  const isSameStatus = old.status === wanted.status && old.lastTransitionTime !== undefined
  const lastTransitionTime = isSameStatus ? old.lastTransitionTime : formatTime(nowMs)
  return conditions.map((condition) => (condition === old ? { ...old, ...wanted, lastTransitionTime } : condition))
}

export function withoutCondition(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type)
}
