import { type HostPort, hostPorts } from '../api/core/host-ports.ts'
import type { Node, Taint } from '../api/types/core/v1.ts'
import type { LabelSelector } from '../api/types/meta/v1.ts'
import type { PodDisruptionBudget } from '../api/types/policy/v1.ts'
import { type DeepReadonly, objectKey, type Stored } from '../machinery/object.ts'
import type { PodObject } from './pod-object.ts'
import { add, amounts, podRequests, podRequestsForScoring, type Resources, subtract } from './resources.ts'

export type NodeObject = DeepReadonly<Stored<Node>>
export type DisruptionBudget = DeepReadonly<Stored<PodDisruptionBudget>>

/** A Pod on a node, with what the plugins ask of it again and again worked out once. */
export interface PlacedPod {
  readonly pod: PodObject
  readonly requests: Resources
  readonly scoringRequests: Resources
  readonly ports: readonly HostPort[]
  readonly hasAffinity: boolean
  readonly hasAntiAffinity: boolean
}

/** A node as the plugins see it. Changed only by the cache, between two scheduling cycles. */
export interface NodeView {
  readonly name: string
  readonly node: NodeObject
  readonly labels: Readonly<Record<string, string>>
  readonly unschedulable: boolean
  /** Those that keep Pods away, and those that only make the node less liked. */
  readonly hardTaints: readonly DeepReadonly<Taint>[]
  readonly softTaints: readonly DeepReadonly<Taint>[]
  readonly allocatable: Resources
  /** Of all Pods on the node, those still on their way included. */
  readonly requested: Resources
  readonly scoringRequested: Resources
  readonly pods: ReadonlyMap<string, PlacedPod>
  /** Bytes by image name. */
  readonly images: ReadonlyMap<string, number>
}

/** Everything a plugin may look at. */
export interface ClusterView {
  readonly nodes: readonly NodeView[]
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>
  /** How many nodes hold an image. */
  readonly nodesWithImage: (image: string) => number
  /** Nodes with at least one Pod that has required anti-affinity, and with any affinity: most clusters have none. */
  readonly nodesWithAntiAffinity: Iterable<NodeView>
  readonly nodesWithAffinity: Iterable<NodeView>
  /** What selects the Pod's siblings (its Services, its owner), for spreading by default; `undefined`: nothing does. */
  readonly defaultSpreadSelector: (pod: PodObject) => DeepReadonly<LabelSelector> | undefined
  /** Pods for which preemption makes room on a node. */
  readonly nominatedPods: (nodeName: string) => readonly PlacedPod[]
  readonly disruptionBudgets: () => readonly DisruptionBudget[]
}

interface MutableNode extends NodeView {
  node: NodeObject
  labels: Readonly<Record<string, string>>
  unschedulable: boolean
  hardTaints: readonly DeepReadonly<Taint>[]
  softTaints: readonly DeepReadonly<Taint>[]
  allocatable: Resources
  requested: Record<string, number>
  scoringRequested: Record<string, number>
  pods: Map<string, PlacedPod>
  images: Map<string, number>
}

/** Nodes and the Pods on them, fed by informers and by `assume`. After kube-scheduler backend/cache. */
export class SchedulerCache {
  readonly #nodes = new Map<string, MutableNode>()
  /** Pods whose node we do not know (yet): kept so that the node finds them when it appears. */
  readonly #homeless = new Map<string, Map<string, PlacedPod>>()
  readonly #placement = new Map<string, string>()
  readonly #assumed = new Set<string>()
  readonly #imageCounts = new Map<string, number>()
  readonly nodesWithAntiAffinity = new Set<NodeView>()
  readonly nodesWithAffinity = new Set<NodeView>()
  #list: readonly NodeView[] | undefined

  /** All nodes, in an order that stays the same until a node comes or goes. */
  get nodes(): readonly NodeView[] {
    this.#list ??= [...this.#nodes.values()]
    return this.#list
  }

  nodesWithImage(image: string): number {
    return this.#imageCounts.get(image) ?? 0
  }

  setNode(node: NodeObject): void {
    const name = node.metadata.name
    const existing = this.#nodes.get(name)
    if (existing) {
      this.#countImages(existing, -1)
      Object.assign(existing, describe(node))
      this.#countImages(existing, 1)
      return
    }
    const created: MutableNode = { name, ...describe(node), requested: {}, scoringRequested: {}, pods: new Map() }
    this.#nodes.set(name, created)
    this.#list = undefined
    this.#countImages(created, 1)
    for (const [key, placed] of this.#homeless.get(name) ?? []) this.#attach(created, key, placed)
    this.#homeless.delete(name)
  }

  removeNode(name: string): void {
    const node = this.#nodes.get(name)
    if (!node) return
    this.#countImages(node, -1)
    this.#nodes.delete(name)
    this.nodesWithAffinity.delete(node)
    this.nodesWithAntiAffinity.delete(node)
    this.#list = undefined
    if (node.pods.size > 0) this.#homeless.set(name, node.pods)
  }

  /** A Pod that is bound, as the API says. Takes the place of what was assumed. */
  setPod(pod: PodObject): void {
    const key = objectKey(pod)
    this.removePod(key)
    const nodeName = pod.spec?.nodeName
    if (nodeName) this.#place(key, nodeName, pod)
  }

  removePod(key: string): void {
    const nodeName = this.#placement.get(key)
    this.#assumed.delete(key)
    if (nodeName === undefined) return
    this.#placement.delete(key)
    const node = this.#nodes.get(nodeName)
    if (node) this.#detach(node, key)
    else this.#homeless.get(nodeName)?.delete(key)
  }

  /** Counts a Pod on a node before the API says so, so that the next cycle sees the room taken. */
  assume(pod: PodObject, nodeName: string): void {
    const key = objectKey(pod)
    this.removePod(key)
    this.#place(key, nodeName, pod)
    this.#assumed.add(key)
  }

  /** Takes an assumption back, unless the API has confirmed it meanwhile. */
  forget(pod: PodObject): void {
    const key = objectKey(pod)
    if (this.#assumed.has(key)) this.removePod(key)
  }

  #place(key: string, nodeName: string, pod: PodObject): void {
    const placed = placedPod(pod)
    this.#placement.set(key, nodeName)
    const node = this.#nodes.get(nodeName)
    if (node) {
      this.#attach(node, key, placed)
      return
    }
    const waiting = this.#homeless.get(nodeName) ?? new Map<string, PlacedPod>()
    waiting.set(key, placed)
    this.#homeless.set(nodeName, waiting)
  }

  #attach(node: MutableNode, key: string, placed: PlacedPod): void {
    node.pods.set(key, placed)
    add(node.requested, placed.requests)
    add(node.scoringRequested, placed.scoringRequests)
    if (placed.hasAffinity) this.nodesWithAffinity.add(node)
    if (placed.hasAntiAffinity) this.nodesWithAntiAffinity.add(node)
  }

  #detach(node: MutableNode, key: string): void {
    const placed = node.pods.get(key)
    if (!placed) return
    node.pods.delete(key)
    subtract(node.requested, placed.requests)
    subtract(node.scoringRequested, placed.scoringRequests)
    const rest = [...(placed.hasAffinity || placed.hasAntiAffinity ? node.pods.values() : [])]
    if (placed.hasAffinity && !rest.some((other) => other.hasAffinity)) this.nodesWithAffinity.delete(node)
    if (placed.hasAntiAffinity && !rest.some((other) => other.hasAntiAffinity)) this.nodesWithAntiAffinity.delete(node)
  }

  #countImages(node: MutableNode, change: 1 | -1): void {
    for (const image of node.images.keys()) {
      const count = (this.#imageCounts.get(image) ?? 0) + change
      if (count > 0) this.#imageCounts.set(image, count)
      else this.#imageCounts.delete(image)
    }
  }
}

type Description = Omit<MutableNode, 'name' | 'requested' | 'scoringRequested' | 'pods'>

/** What every cycle asks of the node again, worked out once a change of it. */
function describe(node: NodeObject): Description {
  const taints = node.spec?.taints ?? []
  const images = new Map<string, number>()
  for (const { names = [], sizeBytes = 0 } of node.status?.images ?? []) {
    for (const name of names) images.set(name, sizeBytes)
  }
  return {
    node,
    labels: node.metadata.labels ?? {},
    unschedulable: node.spec?.unschedulable ?? false,
    hardTaints: taints.filter(({ effect }) => effect !== 'PreferNoSchedule'),
    softTaints: taints.filter(({ effect }) => effect === 'PreferNoSchedule'),
    allocatable: amounts(node.status?.allocatable),
    images,
  }
}

/** What the plugins need of a Pod on a node. */
export function placedPod(pod: PodObject): PlacedPod {
  const { affinity } = pod.spec ?? {}
  return {
    pod,
    requests: podRequests(pod),
    scoringRequests: podRequestsForScoring(pod),
    ports: hostPorts(pod),
    hasAffinity: affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined,
    hasAntiAffinity: (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  }
}
