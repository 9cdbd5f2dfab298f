import type { Node } from '../api/types/core/v1.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'

/** How Pods of another node are reached: through that node. */
export interface NodeRoute {
  readonly podCidr: string
  readonly via: string
}

/** The routes a node needs to all others. Pure. Nodes without addresses yet have none. */
export function nodeRoutes(nodes: readonly DeepReadonly<Stored<Node>>[], ownName: string): NodeRoute[] {
  return nodes
    .filter(({ metadata }) => metadata.name !== ownName)
    .flatMap(({ spec, status }) => {
      const via = status?.addresses?.find(
        ({ type, address }) => type === 'InternalIP' && address.includes('.'),
      )?.address
      const podCidr = spec?.podCIDR
      return via && podCidr ? [{ podCidr, via }] : []
    })
}

/** What `ip route` must be told to get from `before` to `after`; removals first. */
export function routeChanges(before: readonly NodeRoute[], after: readonly NodeRoute[]): string[][] {
  const text = ({ podCidr, via }: NodeRoute) => `${podCidr} ${via}`
  const wanted = new Set(after.map(text))
  const there = new Set(before.map(text))
  const gone = before.filter(
    (route) => !wanted.has(text(route)) && !after.some(({ podCidr }) => podCidr === route.podCidr),
  )
  const fresh = after.filter((route) => !there.has(text(route)))
  return [
    ...gone.map(({ podCidr, via }) => ['route', 'del', podCidr, 'via', via]),
    ...fresh.map(({ podCidr, via }) => ['route', 'replace', podCidr, 'via', via]),
  ]
}

/** The routes to other nodes among what `ip -j route` printed, an earlier run's included: those that lead by a node. */
export function routesThere(printed: string): NodeRoute[] {
  const routes = JSON.parse(printed || '[]') as readonly { readonly dst: string; readonly gateway?: string }[]
  return routes.flatMap(({ dst, gateway }) => (gateway ? [{ podCidr: dst, via: gateway }] : []))
}
