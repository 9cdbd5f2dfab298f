import { objectKey } from '../machinery/object.ts'
import type { ClusterView, NodeView, PlacedPod } from './cache.ts'
import type { Checks, Plugin, Rejection } from './framework.ts'
import { type PodObject, priorityOf } from './pod-object.ts'
import { add, subtract } from './resources.ts'

export type Filter = NonNullable<Checks['filter']>

/** What is asked: may this Pod go somewhere in this cluster? */
export interface FilterInput {
  readonly pod: PodObject
  readonly cluster: ClusterView
  readonly plugins: readonly Plugin[]
}

/**
 * Why a node cannot take the Pod; `undefined`: it can. Pods of equal or higher priority that are nominated to the node
 * count as being there, since it is theirs; but the Pod must fit without them, too, since they may end elsewhere.
 * `filters` are the plugins' for the cluster as it is. After RunFilterPluginsWithNominatedPods.
 */
export function filterNode(node: NodeView, filters: readonly Filter[], input: FilterInput): Rejection | undefined {
  const nominated = input.cluster.nominatedPods(node.name)
  if (nominated.length === 0) return firstRejection(filters, node)
  const priority = priorityOf(input.pod)
  const ahead = nominated.filter(
    ({ pod }) => priorityOf(pod) >= priority && pod.metadata.uid !== input.pod.metadata.uid,
  )
  const crowded = ahead.length > 0 ? rejectionIf(node, { added: ahead, removed: [] }, input) : undefined
  return crowded ?? firstRejection(filters, node)
}

/** The same for a node from which some Pods were removed. */
export function filterNodeWithout(
  node: NodeView,
  removed: readonly PlacedPod[],
  input: FilterInput,
): Rejection | undefined {
  const reduced = changeNode(node, { added: [], removed })
  const cluster = replaceNode(input.cluster, node, reduced)
  return filterNode(reduced, filtersFor({ ...input, cluster }), { ...input, cluster })
}

/** The plugins' filters for a Pod in a cluster. */
export function filtersFor({ pod, cluster, plugins }: FilterInput): Filter[] {
  return plugins.flatMap((plugin) => plugin.prepare(pod, cluster)?.filter ?? [])
}

function firstRejection(filters: readonly Filter[], node: NodeView): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter(node)
    if (rejection) return rejection
  }
  return undefined
}

interface Change {
  readonly added: readonly PlacedPod[]
  readonly removed: readonly PlacedPod[]
}

function rejectionIf(node: NodeView, change: Change, input: FilterInput): Rejection | undefined {
  const changed = changeNode(node, change)
  const cluster = replaceNode(input.cluster, node, changed)
  return firstRejection(filtersFor({ ...input, cluster }), changed)
}

function changeNode(node: NodeView, { added, removed }: Change): NodeView {
  const gone = new Set(removed)
  const pods = new Map([...node.pods].filter(([, placed]) => !gone.has(placed)))
  const requested = { ...node.requested }
  for (const { requests } of removed) subtract(requested, requests)
  for (const placed of added) {
    pods.set(objectKey(placed.pod), placed)
    add(requested, placed.requests)
  }
  return { ...node, requested, pods }
}

function replaceNode(cluster: ClusterView, node: NodeView, changed: NodeView): ClusterView {
  const others = (nodes: Iterable<NodeView>) => [...nodes].filter((other) => other !== node)
  const pods = [...changed.pods.values()]
  const changedIf = (has: (placed: PlacedPod) => boolean) => (pods.some(has) ? [changed] : [])
  return {
    ...cluster,
    nodes: cluster.nodes.map((other) => (other === node ? changed : other)),
    nodesWithAffinity: [...others(cluster.nodesWithAffinity), ...changedIf(({ hasAffinity }) => hasAffinity)],
    nodesWithAntiAffinity: [
      ...others(cluster.nodesWithAntiAffinity),
      ...changedIf(({ hasAntiAffinity }) => hasAntiAffinity),
    ],
  }
}
