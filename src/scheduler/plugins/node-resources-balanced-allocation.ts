import type { NodeView } from '../cache.ts'
import { maxNodeScore, type Plugin } from '../framework.ts'
import { podRequests } from '../resources.ts'

/** Prefers nodes on which CPU and memory are used up evenly, by how much the Pod improves that. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare(pod) {
    const { cpu = 0, memory = 0 } = podRequests(pod)
    if (cpu === 0 && memory === 0) return undefined
    return {
      score: (node) => {
        const improvement = balance(node, cpu, memory) - balance(node, 0, 0)
        return Math.trunc(maxNodeScore / 2 + (maxNodeScore / 2 + improvement) / 2)
      },
    }
  },
}

/** 100 when the used fractions are equal, less the further they are apart. After balancedResourceScore. */
function balance({ allocatable, requested }: NodeView, cpu: number, memory: number): number {
  const cpuCapacity = allocatable.cpu ?? 0
  const memoryCapacity = allocatable.memory ?? 0
  if (cpuCapacity === 0 || memoryCapacity === 0) return maxNodeScore
  const cpuFraction = Math.min(1, ((requested.cpu ?? 0) + cpu) / cpuCapacity)
  const memoryFraction = Math.min(1, ((requested.memory ?? 0) + memory) / memoryCapacity)
  return Math.trunc((1 - Math.abs(cpuFraction - memoryFraction) / 2) * maxNodeScore)
}
