import type { NodeView, PlacedPod } from './cache.ts'
import { fitErrorMessage } from './cycle.ts'
import { byViolation } from './disruption-budgets.ts'
import { type FilterInput, filterNodeWithout } from './filter-node.ts'
import { type Rejection, unschedulable } from './framework.ts'
import { type PodObject, priorityOf } from './pod-object.ts'

/** What preemption found: whom to remove from which node, and what to add to the Pod's message. */
export interface Preemption {
  readonly victims: readonly PodObject[]
  /** Empty: no node is nominated (any more). `undefined`: the nomination stays as it is. */
  readonly nominatedNodeName: string | undefined
  readonly message: string
}

export interface PreemptionInput extends FilterInput {
  readonly rejections: ReadonlyMap<NodeView, Rejection>
  /** From 0 to below 1: at which of the nodes to begin. */
  readonly random: () => number
}

interface Candidate {
  readonly node: NodeView
  /** Most important first. */
  readonly victims: readonly PlacedPod[]
  /** How many of them no PodDisruptionBudget has room for. */
  readonly violations: number
}

/** So many candidates are compared at least, or this part of the nodes. After DefaultPreemptionArgs. */
const minCandidates = 100
const minCandidatesPercentage = 10

/**
 * Looks for the node where removing Pods of lower priority makes room at the least cost. Pure.
 * After kube-scheduler framework/preemption and plugins/defaultpreemption.
 */
export function preempt(input: PreemptionInput): Preemption {
  const { cluster, rejections } = input
  if (cluster.nodes.length === 0) return { victims: [], nominatedNodeName: undefined, message: '' }
  const ineligible = whyIneligible(input)
  if (ineligible) return { victims: [], nominatedNodeName: undefined, message: ` preemption: ${ineligible}` }
  const { candidates, why } = findCandidates(input)
  const best = candidates.sort(byCost)[0]
  if (best) {
    return { victims: best.victims.map(({ pod: victim }) => victim), nominatedNodeName: best.node.name, message: '' }
  }
  const reasons = [...rejections.keys()].map((node) => why.get(node) ?? notHelpful)
  const message = ` preemption: ${fitErrorMessage(reasons, cluster.nodes.length)}`
  return { victims: [], nominatedNodeName: '', message }
}

const notHelpful = unschedulable('Preemption is not helpful for scheduling')
const noVictims = unschedulable('No preemption victims found for incoming pod')

/** After PodEligibleToPreemptOthers. */
function whyIneligible({ pod, cluster, rejections }: PreemptionInput): string | undefined {
  if (pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const nominated = pod.status?.nominatedNodeName
  const node = nominated && cluster.nodes.find(({ name }) => name === nominated)
  if (!node || rejections.get(node)?.unresolvable) return undefined
  const isLeaving = ({ pod: other }: PlacedPod) => priorityOf(other) < priorityOf(pod) && leavesByPreemption(other)
  if (![...node.pods.values()].some(isLeaving)) return undefined
  return 'not eligible due to a terminating pod on the nominated node.'
}

function leavesByPreemption({ metadata, status }: PodObject): boolean {
  const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  return (
    metadata.deletionTimestamp !== undefined && target?.status === 'True' && target.reason === 'PreemptionByScheduler'
  )
}

/** Enough candidates, one without violations among them if there is any; and why other nodes are none. */
function findCandidates(input: PreemptionInput) {
  const { cluster, rejections, random } = input
  const nodes = [...rejections].filter(([, { unresolvable }]) => !unresolvable).map(([node]) => node)
  const enough = Math.max(minCandidates, Math.trunc((cluster.nodes.length * minCandidatesPercentage) / 100))
  const offset = Math.floor(random() * nodes.length)
  const candidates: Candidate[] = []
  const why = new Map<NodeView, Rejection>()
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(offset + i) % nodes.length]!
    const found = victimsOn(node, input)
    if ('reasons' in found) why.set(node, found)
    else candidates.push(found)
    if (candidates.length >= enough && candidates.some(({ violations }) => violations === 0)) break
  }
  return { candidates, why }
}

/**
 * The fewest Pods to remove so that the Pod fits, or why not even removing all of lower priority would do. Those no
 * budget has room for are the first that may stay. After SelectVictimsOnNode.
 */
function victimsOn(node: NodeView, input: PreemptionInput): Candidate | Rejection {
  const priority = priorityOf(input.pod)
  const lower = [...node.pods.values()].filter(({ pod }) => priorityOf(pod) < priority).sort(mostImportantFirst)
  if (lower.length === 0) return noVictims
  const rejection = filterNodeWithout(node, lower, input)
  if (rejection) return rejection
  const victims = new Set(lower)
  const mustGo = (placed: PlacedPod): boolean => {
    victims.delete(placed)
    const fits = filterNodeWithout(node, [...victims], input) === undefined
    if (!fits) victims.add(placed)
    return !fits
  }
  const { violating, others } = byViolation(lower, input.cluster.disruptionBudgets())
  const violations = violating.filter(mustGo).length
  others.forEach(mustGo)
  return { node, victims: [...victims].sort(mostImportantFirst), violations }
}

/** Later than any: who has not started yet has run the shortest. */
const notStarted = '9999-12-31T23:59:59Z'
const startTimeOf = ({ status }: PodObject): string => status?.startTime ?? notStarted

/** Higher priority first, then who has run longer. */
function mostImportantFirst(a: PlacedPod, b: PlacedPod): number {
  return priorityOf(b.pod) - priorityOf(a.pod) || compare(startTimeOf(a.pod), startTimeOf(b.pod))
}

/** The fewest violations, the lowest highest victim, the least sum, the fewest, those that started last. */
function byCost(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => priorityOf(victims[0]!.pod)
  const sum = ({ victims }: Candidate) => victims.reduce((total, { pod }) => total + priorityOf(pod) + 2 ** 31, 0)
  const start = ({ victims }: Candidate) => startTimeOf(victims[0]!.pod)
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    compare(start(b), start(a))
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
