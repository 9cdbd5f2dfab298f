import { toleratesTaint } from '../../api/core/tolerations.ts'
import { normalizeByLowest, type Plugin, unresolvable } from '../framework.ts'

/** Keeps Pods off nodes whose NoSchedule and NoExecute taints they do not tolerate; PreferNoSchedule lowers the score. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  prepare(pod) {
    const tolerations = pod.spec?.tolerations
    const soft = tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
    const rejection = unresolvable('node(s) had untolerated taint(s)')
    return {
      filter: ({ hardTaints }) =>
        hardTaints.every((taint) => toleratesTaint(tolerations, taint)) ? undefined : rejection,
      score: ({ softTaints }) => {
        let count = 0
        for (const taint of softTaints) if (!toleratesTaint(soft, taint)) count++
        return count
      },
      normalize: normalizeByLowest,
    }
  },
}
