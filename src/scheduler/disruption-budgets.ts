import { labelSelectorMatcher, SelectorError } from '../machinery/selectors.ts'
import type { DisruptionBudget, PlacedPod } from './cache.ts'
import type { PodObject } from './pod-object.ts'

export interface ByViolation {
  /** Removing these would break a budget, if all those before them went, too. */
  readonly violating: readonly PlacedPod[]
  readonly others: readonly PlacedPod[]
}

/**
 * Parts Pods by whether a PodDisruptionBudget has room for removing them, in the order given: each takes its share of
 * every budget that selects it. After default_preemption.go filterPodsWithPDBViolation.
 */
export function byViolation(pods: readonly PlacedPod[], budgets: readonly DisruptionBudget[]): ByViolation {
  const compiled = budgets.map(compile)
  const violating: PlacedPod[] = []
  const others: PlacedPod[] = []
  for (const placed of pods) {
    const selecting = compiled.filter(({ selects }) => selects(placed.pod))
    for (const budget of selecting) budget.allowed--
    const group = selecting.some(({ allowed }) => allowed < 0) ? violating : others
    group.push(placed)
  }
  return { violating, others }
}

/** Pods whose eviction the API server counted already cost the budget nothing more. */
function compile({ metadata, spec, status }: DisruptionBudget) {
  const matches = matcherOf(spec?.selector)
  const counted = status?.disruptedPods ?? {}
  return {
    allowed: status?.disruptionsAllowed ?? 0,
    selects: ({ metadata: { name, namespace, labels } }: PodObject) =>
      namespace === metadata.namespace && labels !== undefined && !(name in counted) && matches(labels),
  }
}

type Selector = NonNullable<DisruptionBudget['spec']>['selector']

/** An empty selector selects nothing here, and neither does one that cannot be read. */
function matcherOf(selector: Selector): (labels: Readonly<Record<string, string>>) => boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return () => false
  try {
    return labelSelectorMatcher(selector)
  } catch (error) {
    if (error instanceof SelectorError) return () => false
    throw error
  }
}
