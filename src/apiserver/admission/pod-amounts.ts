import type { Container, Pod } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts'

type Kind = 'requests' | 'limits'

/**
 * What a Pod asks for at most at any time: all its containers together, or an init container while it runs alone;
 * those that stay on beside the others count with them. After component-helpers resource PodRequests v1.36.
 */
export function podAmounts({ spec }: DeepReadonly<Pod>, kind: Kind): Record<string, string> {
  const total = new Map<string, Quantity>()
  for (const container of spec?.containers ?? []) add(total, container, kind)
  const sidecars = new Map<string, Quantity>()
  const peaks: Map<string, Quantity>[] = []
  for (const container of spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(total, container, kind)
      add(sidecars, container, kind)
      peaks.push(new Map(sidecars))
    } else {
      const alone = new Map(sidecars)
      add(alone, container, kind)
      peaks.push(alone)
    }
  }
  for (const peak of peaks) {
    for (const [name, amount] of peak) {
      const known = total.get(name)
      if (!known || known.compare(amount) < 0) total.set(name, amount)
    }
  }
  for (const [name, text] of Object.entries(spec?.overhead ?? {})) {
    const known = total.get(name)
    if (known || kind === 'requests') total.set(name, known ? known.add(parseQuantity(text)) : parseQuantity(text))
  }
  for (const [name, text] of Object.entries(spec?.resources?.[kind] ?? {})) total.set(name, parseQuantity(text))
  return Object.fromEntries([...total].map(([name, amount]) => [name, amount.toString()]))
}

function add(total: Map<string, Quantity>, { resources }: DeepReadonly<Container>, kind: Kind): void {
  for (const [name, text] of Object.entries(resources?.[kind] ?? {})) {
    const known = total.get(name)
    const amount = parseQuantity(text)
    total.set(name, known ? known.add(amount) : amount)
  }
}
