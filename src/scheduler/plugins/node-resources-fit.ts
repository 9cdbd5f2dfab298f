import type { NodeView } from '../cache.ts'
import { maxNodeScore, type Plugin, type Rejection } from '../framework.ts'
import { podRequests, podRequestsForScoring } from '../resources.ts'

/** A node must have room for what the Pod asks for; the more is left, the better (least allocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare(pod) {
    const requests = Object.entries(podRequests(pod)).filter(([, amount]) => amount > 0)
    const names = requests.map(([name]) => name)
    const wanted = requests.map(([, amount]) => amount)
    const { cpu = 0, memory = 0 } = podRequestsForScoring(pod)
    return {
      filter: (node) => lackOfResources(names, wanted, node),
      score: (node) => leastAllocated(cpu, memory, node),
    }
  },
}

/** What the node lacks, all of it. After noderesources/fit.go fitsRequest. Called for each node of each cycle. */
function lackOfResources(names: readonly string[], wanted: readonly number[], node: NodeView): Rejection | undefined {
  const { allocatable, requested } = node
  let reasons: string[] | undefined
  let resolvable = false
  if (node.pods.size + 1 > (allocatable.pods ?? 0)) {
    reasons = ['Too many pods']
    resolvable = true
  }
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const capacity = allocatable[name] ?? 0
    if (wanted[i]! <= capacity - (requested[name] ?? 0)) continue
    reasons ??= []
    reasons.push(`Insufficient ${name}`)
    resolvable ||= wanted[i]! <= capacity
  }
  return reasons && { reasons, unresolvable: !resolvable }
}

/** The mean over CPU and memory, where the node has any, of what would be left. After leastResourceScorer. */
function leastAllocated(cpu: number, memory: number, { allocatable, scoringRequested }: NodeView): number {
  const cpuCapacity = allocatable.cpu ?? 0
  const memoryCapacity = allocatable.memory ?? 0
  const counted = (cpuCapacity > 0 ? 1 : 0) + (memoryCapacity > 0 ? 1 : 0)
  if (counted === 0) return 0
  const sum =
    percentLeft(cpuCapacity, (scoringRequested.cpu ?? 0) + cpu) +
    percentLeft(memoryCapacity, (scoringRequested.memory ?? 0) + memory)
  return Math.trunc(sum / counted)
}

function percentLeft(capacity: number, requested: number): number {
  return capacity === 0 || requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxNodeScore) / capacity)
}
