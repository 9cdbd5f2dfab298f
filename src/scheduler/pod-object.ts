import type { Pod } from '../api/types/core/v1.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'

/** A Pod as an informer holds it: with its identity, and not to be changed. */
export type PodObject = DeepReadonly<Stored<Pod>>

/** Whoever has more may take the room of those who have less. */
export function priorityOf({ spec }: PodObject): number {
  return spec?.priority ?? 0
}
