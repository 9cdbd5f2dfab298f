import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts'
import type { Container, Pod } from '../types/core/v1.ts'

/** Quantities by the name of a resource. */
export type Amounts = ReadonlyMap<string, Quantity>

/**
 * What a Pod takes at most at any time: all containers and sidecars together, or an init container with the sidecars
 * before it. After component-helpers resource PodRequests and PodLimits.
 */
export function podAmounts({ spec }: DeepReadonly<Pod>, kind: 'requests' | 'limits'): Map<string, Quantity> {
  const amountsOf = ({ resources }: DeepReadonly<Container>) => amountMap(resources?.[kind])
  let total = combineAmounts((spec?.containers ?? []).map(amountsOf), sumOf)
  let sidecars = new Map<string, Quantity>()
  let peak = new Map<string, Quantity>()
  for (const container of spec?.initContainers ?? []) {
    const own = amountsOf(container)
    const together = combineAmounts([sidecars, own], sumOf)
    peak = combineAmounts([peak, together], larger)
    if (container.restartPolicy !== 'Always') continue
    sidecars = together
    total = combineAmounts([total, own], sumOf)
  }
  total = combineAmounts([total, peak], larger)
  for (const [name, amount] of amountMap(spec?.resources?.[kind])) total.set(name, amount)
  // A limit that nobody set stays unset: overhead alone is none.
  const overhead = [...amountMap(spec?.overhead)].filter(([name]) => kind === 'requests' || total.has(name))
  return combineAmounts([total, new Map(overhead)], sumOf)
}

function amountMap(amounts: Readonly<Record<string, string>> = {}): Map<string, Quantity> {
  return new Map(Object.entries(amounts).map(([name, text]) => [name, parseQuantity(text)]))
}

export function combineAmounts(
  maps: readonly Amounts[],
  merge: (a: Quantity, b: Quantity) => Quantity,
): Map<string, Quantity> {
  const combined = new Map<string, Quantity>()
  for (const [name, amount] of maps.flatMap((map) => [...map])) {
    const known = combined.get(name)
    combined.set(name, known ? merge(known, amount) : amount)
  }
  return combined
}

export function sumOf(a: Quantity, b: Quantity): Quantity {
  return a.add(b)
}

export function larger(a: Quantity, b: Quantity): Quantity {
  return a.compare(b) >= 0 ? a : b
}
