import type { NodeView } from '../cache.ts'
import { maxNodeScore, type Plugin } from '../framework.ts'
import { podRequests, type Resources } from '../resources.ts'

/** Prefers nodes on which CPU and memory are used up evenly, by how much the Pod improves that. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare(pod) {
    const requests = podRequests(pod)
    if (!requests.cpu && !requests.memory) return undefined
    const nothing: Resources = {}
    return {
      score: (node) => {
        const improvement = balance(node, requests) - balance(node, nothing)
        return Math.trunc(maxNodeScore / 2 + (maxNodeScore / 2 + improvement) / 2)
      },
    }
  },
}

/** 100 when the used fractions are equal, less the further they are apart. After balancedResourceScore. */
function balance(node: NodeView, more: Resources): number {
  const fractions: number[] = []
  for (const name of ['cpu', 'memory']) {
    const capacity = node.allocatable[name] ?? 0
    if (capacity > 0) fractions.push(Math.min(1, ((node.requested[name] ?? 0) + (more[name] ?? 0)) / capacity))
  }
  const deviation = fractions.length === 2 ? Math.abs(fractions[0]! - fractions[1]!) / 2 : 0
  return Math.trunc((1 - deviation) * maxNodeScore)
}
