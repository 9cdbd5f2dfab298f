import { normalizeByLowest, type Plugin, unresolvable } from '../framework.ts'
import { toleratesTaint } from '../tolerations.ts'

/** Keeps Pods off nodes whose NoSchedule and NoExecute taints they do not tolerate; PreferNoSchedule lowers the score. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  prepare(pod) {
    const tolerations = pod.spec?.tolerations
    const soft = tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
    const rejection = unresolvable('node(s) had untolerated taint(s)')
    return {
      filter: ({ node }) => {
        const untolerated = node.spec?.taints?.some(
          (taint) => taint.effect !== 'PreferNoSchedule' && !toleratesTaint(tolerations, taint),
        )
        return untolerated ? rejection : undefined
      },
      score: ({ node }) => {
        let count = 0
        for (const taint of node.spec?.taints ?? []) {
          if (taint.effect === 'PreferNoSchedule' && !toleratesTaint(soft, taint)) count++
        }
        return count
      },
      normalize: normalizeByLowest,
    }
  },
}
