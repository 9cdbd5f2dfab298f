import { normalizeByHighest, type Plugin, unresolvable } from '../framework.ts'
import { matchesRequiredNodeAffinity, matchesTerm } from '../node-affinity.ts'

/** nodeSelector and node affinity: what is required filters, what is preferred scores. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  prepare(pod) {
    const { nodeSelector, affinity } = pod.spec ?? {}
    const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (!nodeSelector && !required && preferred.length === 0) return undefined
    const rejection = unresolvable("node(s) didn't match Pod's node affinity/selector")
    return {
      filter: (node) => (matchesRequiredNodeAffinity(pod, node) ? undefined : rejection),
      ...(preferred.length > 0 && {
        score: (node) => {
          let sum = 0
          for (const { preference, weight } of preferred) if (matchesTerm(preference, node)) sum += weight
          return sum
        },
        normalize: normalizeByHighest,
      }),
    }
  },
}
