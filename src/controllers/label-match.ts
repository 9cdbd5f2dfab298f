import type { LabelSelector } from '../api/types/meta/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { type Labels, labelSelectorMatcher } from '../machinery/selectors.ts'

/** Whether the selector chooses these labels. No selector chooses nothing, an empty one everything. */
export function selectorMatches(
  selector: DeepReadonly<LabelSelector> | undefined,
  labels: Labels | undefined,
): boolean {
  return labelSelectorMatcher(selector)(labels)
}

/** Whether `labels` has all of `wanted`: the selector of Services and ReplicationControllers. */
export function labelsMatch(wanted: Labels, labels: Labels = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

/** Whether the selector leaves nothing out. */
export function selectsEverything(selector: DeepReadonly<LabelSelector> | undefined): boolean {
  if (!selector) return false
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
}
