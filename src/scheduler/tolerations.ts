import type { Taint, Toleration } from '../api/types/core/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'

type TaintLike = DeepReadonly<Pick<Taint, 'key' | 'effect'> & { value?: string }>

/** Whether one of the tolerations is for this taint. After api/core/v1 Toleration.ToleratesTaint. */
export function toleratesTaint(
  tolerations: readonly DeepReadonly<Toleration>[] | undefined,
  taint: TaintLike,
): boolean {
  return tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false
}

function tolerates(
  { effect, key, operator = 'Equal', value = '' }: DeepReadonly<Toleration>,
  taint: TaintLike,
): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (operator === 'Exists') return true
  return Boolean(key) && operator === 'Equal' && value === (taint.value ?? '')
}
