import type { NodeView } from '../cache.ts'
import { maxNodeScore, type Plugin, type Rejection } from '../framework.ts'
import { podRequests, podRequestsForScoring, type Resources } from '../resources.ts'

/** A node must have room for what the Pod asks for; the more is left, the better (least allocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare(pod) {
    const requests = Object.entries(podRequests(pod)).filter(([, amount]) => amount > 0)
    const scoring = podRequestsForScoring(pod)
    return {
      filter: (node) => lackOfResources(requests, node),
      score: (node) => leastAllocated(scoring, node),
    }
  },
}

/** What the node lacks, all of it. After noderesources/fit.go fitsRequest. */
function lackOfResources(requests: readonly (readonly [string, number])[], node: NodeView): Rejection | undefined {
  let reasons: string[] | undefined
  let resolvable = false
  if (node.pods.size + 1 > (node.allocatable.pods ?? 0)) {
    reasons = ['Too many pods']
    resolvable = true
  }
  for (const [name, amount] of requests) {
    const capacity = node.allocatable[name] ?? 0
    if (amount <= capacity - (node.requested[name] ?? 0)) continue
    reasons ??= []
    reasons.push(`Insufficient ${name}`)
    resolvable ||= amount <= capacity
  }
  return reasons && { reasons, unresolvable: !resolvable }
}

function leastAllocated(scoring: Resources, node: NodeView): number {
  const parts: number[] = []
  for (const name of ['cpu', 'memory']) {
    const capacity = node.allocatable[name] ?? 0
    if (capacity === 0) continue
    const requested = (node.scoringRequested[name] ?? 0) + (scoring[name] ?? 0)
    parts.push(requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxNodeScore) / capacity))
  }
  return parts.length === 0 ? 0 : Math.trunc(parts.reduce((a, b) => a + b, 0) / parts.length)
}
