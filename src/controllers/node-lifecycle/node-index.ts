import type { Pod } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** The index of Pods by the node they are bound to. */
export const byNode = 'node'

export function nodeNames({ spec }: DeepReadonly<Pod>): readonly string[] {
  return spec?.nodeName ? [spec.nodeName] : []
}
