import type { ClusterView, NodeView, PlacedPod } from './cache.ts'
import { firstRejection, fitErrorMessage } from './cycle.ts'
import { type Plugin, type Rejection, unschedulable } from './framework.ts'
import type { PodObject } from './pod-object.ts'
import { subtract } from './resources.ts'

/** What preemption found: whom to remove from which node, and what to add to the Pod's message. */
export interface Preemption {
  readonly victims: readonly PodObject[]
  readonly nominatedNodeName: string | undefined
  readonly message: string
}

interface PreemptionInput {
  readonly pod: PodObject
  readonly cluster: ClusterView
  readonly plugins: readonly Plugin[]
  readonly rejections: ReadonlyMap<NodeView, Rejection>
}

interface Candidate {
  readonly node: NodeView
  readonly victims: readonly PlacedPod[]
}

/** More candidates than this are not compared: good enough, and bounded. After default_preemption.go. */
const maxCandidates = 100

/**
 * Looks for the node where removing Pods of lower priority makes room at the least cost. Pure.
 * After kube-scheduler plugins/defaultpreemption, disruption budgets apart.
 */
export function preempt(input: PreemptionInput): Preemption {
  const { pod, cluster, rejections } = input
  if (cluster.nodes.length === 0) return { victims: [], nominatedNodeName: undefined, message: '' }
  if (pod.spec?.preemptionPolicy === 'Never') return nothing(' preemption: not eligible due to preemptionPolicy=Never.')
  if (isWaitingForVictims(pod, cluster))
    return nothing(' preemption: not eligible due to a terminating pod on the nominated node.')
  const why = new Map<NodeView, Rejection>()
  const candidates: Candidate[] = []
  for (const [node, rejection] of rejections) {
    if (candidates.length >= maxCandidates) break
    const victims = rejection.unresolvable ? undefined : victimsOn(node, input)
    if (victims) candidates.push({ node, victims })
    else why.set(node, rejection.unresolvable ? notHelpful : noVictims)
  }
  const best = candidates.sort(byCost)[0]
  if (!best) return nothing(` preemption: ${fitErrorMessage(why.values(), cluster.nodes.length)}`)
  return { victims: best.victims.map(({ pod: victim }) => victim), nominatedNodeName: best.node.name, message: '' }
}

const notHelpful = unschedulable('Preemption is not helpful for scheduling')
const noVictims = unschedulable('No preemption victims found for incoming pod')

const nothing = (message: string): Preemption => ({ victims: [], nominatedNodeName: undefined, message })
const priorityOf = (pod: PodObject): number => pod.spec?.priority ?? 0

/** Its last victims are still on their way out: preempting more would be too much. */
function isWaitingForVictims(pod: PodObject, cluster: ClusterView): boolean {
  const nominated = pod.status?.nominatedNodeName
  const node = nominated && cluster.nodes.find(({ name }) => name === nominated)
  if (!node) return false
  return [...node.pods.values()].some(
    ({ pod: other }) => priorityOf(other) < priorityOf(pod) && other.metadata.deletionTimestamp !== undefined,
  )
}

/** The fewest Pods to remove so that the Pod fits; `undefined` when not even all lower ones would do. */
function victimsOn(node: NodeView, input: PreemptionInput): PlacedPod[] | undefined {
  const priority = priorityOf(input.pod)
  const lower = [...node.pods.values()].filter(({ pod }) => priorityOf(pod) < priority).sort(mostImportantFirst)
  if (lower.length === 0 || !fitsWithout(node, lower, input)) return undefined
  const victims = new Set(lower)
  for (const candidate of lower) {
    victims.delete(candidate)
    if (!fitsWithout(node, [...victims], input)) victims.add(candidate)
  }
  return [...victims].sort(mostImportantFirst)
}

function fitsWithout(
  node: NodeView,
  removed: readonly PlacedPod[],
  { pod, cluster, plugins }: PreemptionInput,
): boolean {
  const reduced = withoutPods(node, removed)
  const swap = (nodes: Iterable<NodeView>) => [...nodes].map((other) => (other === node ? reduced : other))
  const view: ClusterView = {
    ...cluster,
    nodes: swap(cluster.nodes),
    nodesWithAffinity: swap(cluster.nodesWithAffinity),
    nodesWithAntiAffinity: swap(cluster.nodesWithAntiAffinity),
  }
  const filters = plugins.flatMap((plugin) => plugin.prepare(pod, view)?.filter ?? [])
  return firstRejection(filters, reduced) === undefined
}

function withoutPods(node: NodeView, removed: readonly PlacedPod[]): NodeView {
  const gone = new Set(removed)
  const requested = { ...node.requested }
  for (const { requests } of removed) subtract(requested, requests)
  return { ...node, requested, pods: new Map([...node.pods].filter(([, placed]) => !gone.has(placed))) }
}

/** Higher priority first, then who has run longer. */
function mostImportantFirst(a: PlacedPod, b: PlacedPod): number {
  const byPriority = priorityOf(b.pod) - priorityOf(a.pod)
  return byPriority !== 0 ? byPriority : compare(a.pod.status?.startTime ?? '', b.pod.status?.startTime ?? '')
}

/** The lowest highest victim, then the least sum, then the fewest, then those that started last. */
function byCost(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => priorityOf(victims[0]!.pod)
  const sum = ({ victims }: Candidate) => victims.reduce((total, { pod }) => total + priorityOf(pod) + 2 ** 31, 0)
  const start = ({ victims }: Candidate) => victims[0]!.pod.status?.startTime ?? ''
  return (
    highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || compare(start(b), start(a))
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
