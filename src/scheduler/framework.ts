import type { ClusterView, NodeView } from './cache.ts'
import type { PodObject } from './pod-object.ts'

/**
 * Why a node cannot take a Pod. `unresolvable`: removing other Pods from the node would not help, so preemption need
 * not try. After kube-scheduler framework Unschedulable and UnschedulableAndUnresolvable.
 */
export interface Rejection {
  readonly reasons: readonly string[]
  readonly unresolvable: boolean
}

/** What a plugin has to say about one Pod. Whatever it can work out once for all nodes it has worked out before. */
export interface Checks {
  /** `undefined`: the node will do. */
  readonly filter?: (node: NodeView) => Rejection | undefined
  /** Any scale; `normalize` brings it to 0–100. Called only for nodes that passed every filter. */
  readonly score?: (node: NodeView) => number
  /** Changes the scores in place to 0–100. Left out when `score` answers that already. */
  readonly normalize?: (scores: number[]) => void
}

/**
 * One rule of placement. To add one: a file in `plugins/`, a test beside it, a line in `plugins/all.ts`.
 * PreFilter and PreScore of upstream are the body of `prepare`; Filter and Score are what it answers.
 */
export interface Plugin {
  readonly name: string
  /** How much its score counts. */
  readonly weight?: number
  /** Answers `undefined` when the Pod does not concern this plugin. */
  prepare(pod: PodObject, cluster: ClusterView): Checks | undefined
}

export const maxNodeScore = 100

export const unresolvable = (...reasons: string[]): Rejection => ({ reasons, unresolvable: true })
export const unschedulable = (...reasons: string[]): Rejection => ({ reasons, unresolvable: false })

/** Scales so that the highest becomes 100. After scheduler plugins/helper DefaultNormalizeScore. */
export function normalizeByHighest(scores: number[]): void {
  const highest = highestOf(scores)
  for (let i = 0; i < scores.length; i++) {
    scores[i] = highest === 0 ? 0 : Math.trunc((maxNodeScore * scores[i]!) / highest)
  }
}

function highestOf(scores: readonly number[]): number {
  let highest = 0
  for (const score of scores) if (score > highest) highest = score
  return highest
}

/** The same where less is better: the highest becomes 0, zero becomes 100. */
export function normalizeByLowest(scores: number[]): void {
  const highest = highestOf(scores)
  for (let i = 0; i < scores.length; i++) {
    scores[i] = highest === 0 ? maxNodeScore : maxNodeScore - Math.trunc((maxNodeScore * scores[i]!) / highest)
  }
}
