import type { PodAffinityTerm, WeightedPodAffinityTerm } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { labelSelectorMatcher } from '../../machinery/selectors.ts'
import type { ClusterView, NodeView, PlacedPod } from '../cache.ts'
import { type Checks, maxNodeScore, type Plugin, unresolvable, unschedulable } from '../framework.ts'
import type { PodObject } from '../pod-object.ts'

/** A term with its selectors compiled, seen from the Pod that has it. */
interface Term {
  readonly topologyKey: string
  readonly matches: (pod: PodObject) => boolean
}

interface WeightedTerm extends Term {
  readonly weight: number
}

/** Numbers by topology domain: `zone` → `eu-1` → 3. */
type Domains = Map<string, Map<string, number>>

/** What an existing Pod's required affinity to the new one is worth in the score. Upstream's HardPodAffinityWeight. */
const hardAffinityWeight = 1

/** Pods that want to be near or away from other Pods. After scheduler plugins/interpodaffinity. */
export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  weight: 2,
  prepare(pod, cluster) {
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
    const affine = podAffinity !== undefined || podAntiAffinity !== undefined
    if (!affine && isEmpty(cluster.nodesWithAffinity)) return undefined
    const filter = prepareFilter(pod, cluster)
    const scores = scoreDomains(pod, cluster)
    return {
      ...(filter && { filter }),
      ...(scores.size > 0 && { score: (node: NodeView) => sumOver(scores, node), normalize: normalizeBetween }),
    }
  },
}

function prepareFilter(pod: PodObject, cluster: ClusterView): Checks['filter'] {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  const wanted = compileTerms(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution, pod, cluster)
  const unwanted = compileTerms(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution, pod, cluster)
  const repelling = domainsThatRepel(pod, cluster)
  if (wanted.length === 0 && unwanted.length === 0 && repelling.size === 0) return undefined
  const near = countMatches(cluster, wanted, (other) => wanted.every((term) => term.matches(other)))
  const away = countMatches(cluster, unwanted)
  // The first of a group that wants to be together finds nobody there yet: its own match counts.
  const isFirst = near.size === 0 && wanted.every((term) => term.matches(pod))
  return (node) => {
    const satisfied = wanted.every(({ topologyKey }) => {
      const value = node.labels[topologyKey]
      return value !== undefined && (isFirst || (near.get(topologyKey)?.get(value) ?? 0) > 0)
    })
    if (!satisfied) return unresolvable("node(s) didn't match pod affinity rules")
    if (isIn(away, node)) return unschedulable("node(s) didn't match pod anti-affinity rules")
    if (isIn(repelling, node)) return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
    return undefined
  }
}

/** The domains of Pods whose required anti-affinity names the new Pod. */
function domainsThatRepel(pod: PodObject, cluster: ClusterView): Domains {
  const domains: Domains = new Map()
  for (const node of cluster.nodesWithAntiAffinity) {
    for (const { pod: other } of node.pods.values()) {
      const terms = other.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      for (const term of compileTerms(terms, other, cluster))
        if (term.matches(pod)) addTo(domains, term.topologyKey, node, 1)
    }
  }
  return domains
}

/** How many Pods match each term, by domain. `matches` replaces the term's own question. */
function countMatches(cluster: ClusterView, terms: readonly Term[], matches?: (pod: PodObject) => boolean): Domains {
  const domains: Domains = new Map()
  if (terms.length === 0) return domains
  for (const node of cluster.nodes) {
    for (const { pod } of node.pods.values()) {
      for (const term of terms) if ((matches ?? term.matches)(pod)) addTo(domains, term.topologyKey, node, 1)
    }
  }
  return domains
}

/** The preferences of the new Pod for those there, and of those there for the new Pod, by domain. */
function scoreDomains(pod: PodObject, cluster: ClusterView): Domains {
  const domains: Domains = new Map()
  const own = preferences(pod, cluster)
  const nodes = own.length > 0 ? cluster.nodes : cluster.nodesWithAffinity
  for (const node of nodes) {
    for (const placed of node.pods.values()) {
      for (const term of own) if (term.matches(placed.pod)) addTo(domains, term.topologyKey, node, term.weight)
      if (placed.hasAffinity) addTheirs(domains, pod, { node, placed, cluster })
    }
  }
  return domains
}

function addTheirs(
  domains: Domains,
  pod: PodObject,
  there: { node: NodeView; placed: PlacedPod; cluster: ClusterView },
): void {
  const { node, placed, cluster } = there
  const required = placed.pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const hard = compileTerms(required, placed.pod, cluster).map((term) => ({ ...term, weight: hardAffinityWeight }))
  for (const term of [...hard, ...preferences(placed.pod, cluster)]) {
    if (term.matches(pod)) addTo(domains, term.topologyKey, node, term.weight)
  }
}

function preferences(pod: PodObject, cluster: ClusterView): WeightedTerm[] {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  const compile = (terms: readonly DeepReadonly<WeightedPodAffinityTerm>[] | undefined, sign: 1 | -1) =>
    (terms ?? []).map(({ weight, podAffinityTerm }) => ({
      ...compileTerm(podAffinityTerm, pod, cluster),
      weight: sign * weight,
    }))
  return [
    ...compile(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
    ...compile(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
  ]
}

function compileTerms(
  terms: readonly DeepReadonly<PodAffinityTerm>[] | undefined,
  pod: PodObject,
  cluster: ClusterView,
): Term[] {
  return (terms ?? []).map((term) => compileTerm(term, pod, cluster))
}

/** Without namespaces and namespaceSelector a term is about the namespace of the Pod that has it. */
function compileTerm(term: DeepReadonly<PodAffinityTerm>, owner: PodObject, cluster: ClusterView): Term {
  const { topologyKey, labelSelector, namespaceSelector, namespaces = [] } = term
  const matchesLabels = labelSelectorMatcher(labelSelector)
  const matchesNamespace = labelSelectorMatcher(namespaceSelector)
  const named = new Set(namespaces)
  if (named.size === 0 && !namespaceSelector) named.add(owner.metadata.namespace ?? '')
  return {
    topologyKey,
    matches({ metadata: { namespace = '', labels = {} } }) {
      const inNamespace =
        named.has(namespace) || (namespaceSelector && matchesNamespace(cluster.namespaceLabels(namespace)))
      return Boolean(inNamespace) && matchesLabels(labels)
    },
  }
}

function addTo(domains: Domains, topologyKey: string, node: NodeView, amount: number): void {
  const value = node.labels[topologyKey]
  if (value === undefined) return
  const values = domains.get(topologyKey) ?? new Map<string, number>()
  values.set(value, (values.get(value) ?? 0) + amount)
  domains.set(topologyKey, values)
}

function isIn(domains: Domains, node: NodeView): boolean {
  return sumOver(domains, node) > 0
}

function sumOver(domains: Domains, node: NodeView): number {
  let sum = 0
  for (const [topologyKey, values] of domains) {
    const value = node.labels[topologyKey]
    if (value !== undefined) sum += values.get(value) ?? 0
  }
  return sum
}

/** The lowest becomes 0, the highest 100. */
function normalizeBetween(scores: number[]): void {
  const lowest = Math.min(...scores)
  const span = Math.max(...scores) - lowest
  for (let i = 0; i < scores.length; i++) {
    scores[i] = span === 0 ? 0 : Math.trunc((maxNodeScore * (scores[i]! - lowest)) / span)
  }
}

function isEmpty(items: Iterable<unknown>): boolean {
  for (const _ of items) return false
  return true
}
