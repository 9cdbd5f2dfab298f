import type { ResourceFieldSelector } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { containersOf, type ReadonlyContainer, type ReadonlyPod } from '../pod/pod.ts'

/** A quantity in whole thousandths, rounded up: `0.1` CPU is 100. */
export const milliOf = (quantity: string): number => Number(parseQuantity(quantity).milli())

/** A quantity in whole units, rounded up: bytes for memory. */
export const unitsOf = (quantity: string): number => Number(parseQuantity(quantity).value())

/**
 * A container's request or limit in units of the divisor, rounded up; a limit that is not set is the node's allocatable.
 * Throws for an unknown resource or container. After kubelet v1.36 pkg/api/v1/resource ExtractContainerResourceValue.
 */
export function resourceFieldValue(options: {
  pod: ReadonlyPod
  selector: DeepReadonly<ResourceFieldSelector>
  /** The container the variable belongs to; volumes name theirs in the selector. */
  container?: ReadonlyContainer
  allocatable: Readonly<Record<string, string>>
}): string {
  const { pod, selector, allocatable } = options
  const name = selector.containerName
  const named = name ? containersOf(pod).find((one) => one.container.name === name)?.container : undefined
  const container = named ?? options.container
  if (!container) throw new Error(`container ${name} not found`)
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource)
  if (!match) throw new Error(`unsupported container resource : ${selector.resource}`)
  const [, list, resource] = match as unknown as [string, 'limits' | 'requests', string]
  const fallback = list === 'limits' ? allocatable[resource] : undefined
  const quantity = container.resources?.[list]?.[resource] ?? fallback ?? '0'
  return String(divideUp(parseQuantity(quantity).nano, parseQuantity(selector.divisor || '1').nano || 1_000_000_000n))
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
