import { isDeepStrictEqual } from 'node:util'
import type { Toleration } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

export type ReadonlyToleration = DeepReadonly<Toleration>

/** Of those that say the same and more, only the widest stays. After kubernetes pkg/util/tolerations. */
export function mergeTolerations(first: readonly Toleration[], second: readonly ReadonlyToleration[]): Toleration[] {
  const all = [...first, ...second]
  const merged: ReadonlyToleration[] = []
  all.forEach((toleration, index) => {
    if (merged.some((wider) => toleratesAll(wider, toleration))) return
    const later = all.slice(index + 1)
    const isCoveredLater = later.some(
      (other) => !isDeepStrictEqual(other, toleration) && toleratesAll(other, toleration),
    )
    if (!isCoveredLater) merged.push(toleration)
  })
  return merged.map((toleration) => ({ ...toleration }))
}

/** Whether `wider` tolerates all that `toleration` does. */
export function toleratesAll(wider: ReadonlyToleration, toleration: ReadonlyToleration): boolean {
  if (isDeepStrictEqual(wider, toleration)) return true
  const { key = '', operator = '', effect = '', value = '', tolerationSeconds } = wider
  if ((toleration.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false
  if ((toleration.effect ?? '') !== effect && effect !== '') return false
  if (effect === 'NoExecute' && tolerationSeconds !== undefined) {
    if (toleration.tolerationSeconds === undefined || toleration.tolerationSeconds > tolerationSeconds) return false
  }
  if (operator === 'Exists') return true
  const isEqual = operator === '' || operator === 'Equal'
  return isEqual && toleration.operator === 'Equal' && (toleration.value ?? '') === value
}
