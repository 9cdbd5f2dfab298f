import type { DeepReadonly } from '../../machinery/object.ts'
import type { Taint, Toleration } from '../types/core/v1.ts'

type TaintLike = DeepReadonly<Pick<Taint, 'key' | 'effect'> & { value?: string }>

/** Whether a toleration is for this taint. After component-helpers scheduling/corev1 ToleratesTaint. */
export function tolerates({ key, operator, value, effect }: DeepReadonly<Toleration>, taint: TaintLike): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (operator === 'Exists') return true
  return (operator === undefined || operator === '' || operator === 'Equal') && (value ?? '') === (taint.value ?? '')
}

/** Whether one of the tolerations is for this taint. */
export function toleratesTaint(
  tolerations: readonly DeepReadonly<Toleration>[] | undefined,
  taint: TaintLike,
): boolean {
  return tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false
}
