import type { Container, Pod, ResourceRequirements } from '../api/types/core/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { milliOf } from '../machinery/quantity.ts'

/** Amounts by resource name: CPU in millicores, everything else in its own unit, whole numbers. */
export type Resources = Readonly<Record<string, number>>

/** What the least-allocated and balanced scores count for a Pod that asks for nothing. After GetNonzeroRequests. */
const assumedMilliCpu = 100
const assumedMemoryBytes = 200 * 1024 * 1024

type Quantities = Readonly<Record<string, string>>

/** A quantity of a resource as a whole number, rounded up: `100m` of cpu is 100, `1Gi` of memory 1073741824. */
export function amountOf(name: string, quantity: string): number {
  const milli = milliOf(quantity)
  return name === 'cpu' ? Number(milli) : Number((milli + 999n) / 1000n)
}

export function amounts(quantities: Quantities | undefined): Resources {
  const result: Record<string, number> = {}
  for (const name in quantities) result[name] = amountOf(name, quantities[name]!)
  return result
}

/**
 * What a Pod asks for: the greater of its init phase and its running phase, sidecars counted in both, plus overhead;
 * pod-level requests win. After component-helpers/resource PodRequests.
 */
export function podRequests(pod: DeepReadonly<Pod>): Resources {
  return requests(pod, containerRequests)
}

/** The same with 100m and 200Mi assumed for containers that ask for no CPU or memory: for scores only. */
export function podRequestsForScoring(pod: DeepReadonly<Pod>): Resources {
  return requests(pod, (container) => ({
    cpu: assumedMilliCpu,
    memory: assumedMemoryBytes,
    ...containerRequests(container),
  }))
}

type ContainerResources = (container: DeepReadonly<Container>) => Resources

const containerRequests: ContainerResources = (container) => amounts(container.resources?.requests)

function requests(pod: DeepReadonly<Pod>, ofContainer: ContainerResources): Resources {
  const { containers = [], initContainers = [], overhead, resources } = pod.spec ?? {}
  const running: Record<string, number> = {}
  for (const container of containers) add(running, ofContainer(container))
  const sidecars: Record<string, number> = {}
  const starting: Record<string, number> = {}
  for (const container of initContainers) {
    const wanted = ofContainer(container)
    if (container.restartPolicy === 'Always') {
      add(running, wanted)
      add(sidecars, wanted)
      raise(starting, sidecars)
    } else {
      const together = { ...sidecars }
      add(together, wanted)
      raise(starting, together)
    }
  }
  raise(running, starting)
  Object.assign(running, amounts((resources as DeepReadonly<ResourceRequirements> | undefined)?.requests))
  add(running, amounts(overhead))
  return running
}

export function add(total: Record<string, number>, more: Resources): void {
  for (const name in more) total[name] = (total[name] ?? 0) + more[name]!
}

export function subtract(total: Record<string, number>, less: Resources): void {
  for (const name in less) total[name] = (total[name] ?? 0) - less[name]!
}

function raise(total: Record<string, number>, least: Resources): void {
  for (const name in least) total[name] = Math.max(total[name] ?? 0, least[name]!)
}
