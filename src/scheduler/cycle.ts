import type { NodeView } from './cache.ts'
import { type Filter, type FilterInput, filterNode } from './filter-node.ts'
import { type Checks, maxNodeScore, type Plugin, type Rejection } from './framework.ts'

/** What one scheduling cycle decided. */
export type Decision =
  | { readonly placed: true; readonly node: NodeView; readonly evaluated: number }
  | { readonly placed: false; readonly rejections: ReadonlyMap<NodeView, Rejection>; readonly message: string }

export interface CycleInput extends FilterInput {
  /** Where to begin among the nodes, so that not always the same ones are looked at first. */
  readonly startIndex: number
  /** From 0 to below 1: chooses among nodes of equal score. */
  readonly random: () => number
}

/** Below this many nodes all are looked at; above, as many feasible ones as a percentage of the cluster. */
const minFeasibleNodes = 100
const minFeasiblePercentage = 5

/** Finds the best node for a Pod. Pure: the cluster is not changed. After kube-scheduler schedule_one.go. */
export function schedulePod(input: CycleInput): Decision {
  const { pod, cluster, plugins } = input
  if (cluster.nodes.length === 0) {
    return { placed: false, rejections: new Map(), message: 'no nodes available to schedule pods' }
  }
  const prepared = plugins
    .map((plugin) => ({ plugin, checks: plugin.prepare(pod, cluster) }))
    .filter((entry): entry is { plugin: Plugin; checks: Checks } => entry.checks !== undefined)
  const filters = prepared.flatMap(({ checks: { filter } }) => filter ?? [])
  const nominated = nominatedNode(input, filters)
  if (nominated) return { placed: true, node: nominated, evaluated: 0 }
  const { feasible, rejections, evaluated } = filterNodes(input, filters)
  if (feasible.length === 0) {
    return { placed: false, rejections, message: fitErrorMessage(rejections.values(), cluster.nodes.length) }
  }
  return { placed: true, node: best(feasible, prepared, input.random), evaluated }
}

/** How many feasible nodes are enough. After numFeasibleNodesToFind. */
export function feasibleNodesToFind(nodes: number): number {
  if (nodes < minFeasibleNodes) return nodes
  const percentage = Math.max(minFeasiblePercentage, 50 - Math.trunc(nodes / 125))
  return Math.max(minFeasibleNodes, Math.trunc((nodes * percentage) / 100))
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).` After FitError. */
export function fitErrorMessage(rejections: Iterable<Rejection>, nodes: number): string {
  const counts = new Map<string, number>()
  for (const { reasons } of rejections) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodes} nodes are available: ${texts.join(', ')}.`
}

/** The node on which preemption has made room, if the Pod fits there now: no other is looked at then. */
function nominatedNode(input: CycleInput, filters: readonly Filter[]): NodeView | undefined {
  const name = input.pod.status?.nominatedNodeName
  const node = name ? input.cluster.nodes.find((other) => other.name === name) : undefined
  return node && filterNode(node, filters, input) === undefined ? node : undefined
}

function filterNodes(input: CycleInput, filters: readonly Filter[]) {
  const { nodes } = input.cluster
  const enough = feasibleNodesToFind(nodes.length)
  const feasible: NodeView[] = []
  const rejections = new Map<NodeView, Rejection>()
  let evaluated = 0
  while (evaluated < nodes.length && feasible.length < enough) {
    const node = nodes[(input.startIndex + evaluated) % nodes.length]!
    evaluated++
    const rejection = filterNode(node, filters, input)
    if (rejection) rejections.set(node, rejection)
    else feasible.push(node)
  }
  return { feasible, rejections, evaluated }
}

function best(
  nodes: readonly NodeView[],
  prepared: readonly { plugin: Plugin; checks: Checks }[],
  random: () => number,
): NodeView {
  if (nodes.length === 1) return nodes[0]!
  const totals = new Float64Array(nodes.length)
  for (const { plugin, checks } of prepared) {
    if (!checks.score) continue
    const scores = nodes.map(checks.score)
    checks.normalize?.(scores)
    const weight = plugin.weight ?? 1
    for (let i = 0; i < totals.length; i++) totals[i]! += weight * Math.min(maxNodeScore, scores[i]!)
  }
  return nodes[indexOfHighest(totals, random)]!
}

/** One of the highest, each with the same chance, in one pass (reservoir sampling). */
function indexOfHighest(totals: Float64Array, random: () => number): number {
  let chosen = 0
  let equals = 1
  for (let i = 1; i < totals.length; i++) {
    if (totals[i]! > totals[chosen]!) {
      chosen = i
      equals = 1
    } else if (totals[i] === totals[chosen]) {
      equals++
      if (random() * equals < 1) chosen = i
    }
  }
  return chosen
}
