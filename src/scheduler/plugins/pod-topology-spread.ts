import { toleratesTaint } from '../../api/core/tolerations.ts'
import type { TopologySpreadConstraint } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { type LabelMatcher, labelSelectorMatcher } from '../../machinery/selectors.ts'
import type { ClusterView, NodeView } from '../cache.ts'
import { type Checks, maxNodeScore, type Plugin, unresolvable, unschedulable } from '../framework.ts'
import { matchesRequiredNodeAffinity } from '../node-affinity.ts'
import type { PodObject } from '../pod-object.ts'

interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly matches: LabelMatcher
  /** Whether the constraint counts this node at all (node affinity and taint policies). */
  readonly counts: (node: NodeView) => boolean
}

/** Matching Pods by value of the constraint's topology key. */
type Counts = Map<string, number>

const hostname = 'kubernetes.io/hostname'

/** What Pods of a Service or a ReplicaSet without constraints of their own get. After systemDefaultConstraints. */
const defaultConstraints = [
  { topologyKey: hostname, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway' },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
] as const

/** Spreads Pods evenly over nodes, zones and other domains. After scheduler plugins/podtopologyspread. */
export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  weight: 2,
  prepare(pod, cluster) {
    const own = pod.spec?.topologySpreadConstraints ?? []
    const hard = compile(own, 'DoNotSchedule', pod)
    const soft = own.length > 0 ? compile(own, 'ScheduleAnyway', pod) : compileDefaults(pod, cluster)
    if (hard.length === 0 && soft.length === 0) return undefined
    return {
      ...(hard.length > 0 && { filter: prepareFilter(hard, pod, cluster) }),
      ...(soft.length > 0 && prepareScore({ constraints: soft, needsEveryKey: own.length > 0, pod, cluster })),
    }
  },
}

function compile(
  constraints: readonly DeepReadonly<TopologySpreadConstraint>[],
  action: 'DoNotSchedule' | 'ScheduleAnyway',
  pod: PodObject,
): Constraint[] {
  return constraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map((constraint) => ({
      topologyKey: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      minDomains: constraint.minDomains ?? 1,
      matches: selectorOf(constraint, pod),
      counts: inclusionPolicy(constraint, pod),
    }))
}

/** matchLabelKeys add the Pod's own values of those labels to the selector. */
function selectorOf(
  { labelSelector, matchLabelKeys = [] }: DeepReadonly<TopologySpreadConstraint>,
  pod: PodObject,
): LabelMatcher {
  const labels = pod.metadata.labels ?? {}
  const own = matchLabelKeys.filter((key) => key in labels)
  const matches = labelSelectorMatcher(labelSelector)
  return (others) => own.every((key) => others?.[key] === labels[key]) && matches(others)
}

function inclusionPolicy(
  {
    nodeAffinityPolicy = 'Honor',
    nodeTaintsPolicy = 'Ignore',
  }: Pick<DeepReadonly<TopologySpreadConstraint>, 'nodeAffinityPolicy' | 'nodeTaintsPolicy'>,
  pod: PodObject,
): (node: NodeView) => boolean {
  const tolerations = pod.spec?.tolerations
  return (node) => {
    if (nodeAffinityPolicy === 'Honor' && !matchesRequiredNodeAffinity(pod, node)) return false
    if (nodeTaintsPolicy !== 'Honor') return true
    return node.hardTaints.every((taint) => toleratesTaint(tolerations, taint))
  }
}

function compileDefaults(pod: PodObject, cluster: ClusterView): Constraint[] {
  const selector = cluster.defaultSpreadSelector(pod)
  if (!selector) return []
  return compile(
    defaultConstraints.map((constraint) => ({ ...constraint, labelSelector: selector })),
    'ScheduleAnyway',
    pod,
  )
}

function prepareFilter(
  constraints: readonly Constraint[],
  pod: PodObject,
  cluster: ClusterView,
): NonNullable<Checks['filter']> {
  const labels = pod.metadata.labels ?? {}
  const rules = constraints.map((constraint) => {
    const counts = countByDomain({ constraint, constraints, needsEveryKey: true, pod, cluster })
    const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values())
    return { ...constraint, counts, least: counts.size === 0 ? 0 : least, self: constraint.matches(labels) ? 1 : 0 }
  })
  return (node) => {
    for (const { topologyKey, counts, least, self, maxSkew } of rules) {
      const value = node.labels[topologyKey]
      if (value === undefined)
        return unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
      if ((counts.get(value) ?? 0) + self - least > maxSkew) {
        return unschedulable("node(s) didn't match pod topology spread constraints")
      }
    }
    return undefined
  }
}

interface Counting {
  readonly constraint: Constraint
  readonly constraints: readonly Constraint[]
  /** Nodes that lack one of the constraints' labels do not count. */
  readonly needsEveryKey: boolean
  readonly pod: PodObject
  readonly cluster: ClusterView
}

function countByDomain({ constraint, constraints, needsEveryKey, pod, cluster }: Counting): Counts {
  const counts: Counts = new Map()
  for (const node of cluster.nodes) {
    if (needsEveryKey && !hasEveryKey(node, constraints)) continue
    const value = node.labels[constraint.topologyKey]
    if (value === undefined || !constraint.counts(node)) continue
    counts.set(value, (counts.get(value) ?? 0) + countOnNode(node, constraint.matches, pod.metadata.namespace))
  }
  return counts
}

/** Pods of the same namespace that match and are not on their way out. */
function countOnNode(node: NodeView, matches: LabelMatcher, namespace: string | undefined): number {
  let count = 0
  for (const { pod } of node.pods.values()) {
    if (pod.metadata.namespace === namespace && !pod.metadata.deletionTimestamp && matches(pod.metadata.labels ?? {}))
      count++
  }
  return count
}

function hasEveryKey(node: NodeView, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => topologyKey in node.labels)
}

/** Nodes that lack a required label: not scored. */
const notScored = -1

function prepareScore({ constraints, needsEveryKey, pod, cluster }: Omit<Counting, 'constraint'>): Checks {
  const rules = constraints.map((constraint) => {
    const perNode = constraint.topologyKey === hostname
    const counts = perNode ? undefined : countByDomain({ constraint, constraints, needsEveryKey, pod, cluster })
    return { ...constraint, counts, weight: Math.log((counts?.size ?? cluster.nodes.length) + 2) }
  })
  return {
    score: (node) => {
      if (needsEveryKey && !hasEveryKey(node, constraints)) return notScored
      let score = 0
      for (const { topologyKey, counts, matches, maxSkew, weight } of rules) {
        const value = node.labels[topologyKey]
        if (value === undefined) continue
        const count = counts ? (counts.get(value) ?? 0) : countOnNode(node, matches, pod.metadata.namespace)
        score += count * weight + (maxSkew - 1)
      }
      return Math.round(score)
    },
    normalize: normalizeSpread,
  }
}

/** Few matching Pods become a high score. After podtopologyspread NormalizeScore. */
function normalizeSpread(scores: number[]): void {
  const scored = scores.filter((score) => score !== notScored)
  const lowest = Math.min(...scored)
  const highest = Math.max(0, ...scored)
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if (score === notScored) scores[i] = 0
    else scores[i] = highest === 0 ? maxNodeScore : Math.trunc((maxNodeScore * (highest + lowest - score)) / highest)
  }
}
