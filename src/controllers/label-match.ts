import type { LabelSelector, LabelSelectorRequirement } from '../api/types/meta/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'

export type Labels = Readonly<Record<string, string>>

const operators: Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
}

/**
 * Whether the selector chooses these labels. No selector chooses nothing, an empty one everything. An operator the
 * server would not have let in chooses nothing. After metav1.LabelSelectorAsSelector.
 */
export function selectorMatches(selector: DeepReadonly<LabelSelector> | undefined, labels: Labels = {}): boolean {
  if (!selector) return false
  return (
    labelsMatch(selector.matchLabels ?? {}, labels) &&
    (selector.matchExpressions ?? []).every((requirement) => requirementMatches(requirement, labels))
  )
}

/** Whether `labels` has all of `wanted`. */
export function labelsMatch(wanted: Labels, labels: Labels = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

/** Whether the selector leaves nothing out. */
export function selectsEverything(selector: DeepReadonly<LabelSelector> | undefined): boolean {
  if (!selector) return false
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
}

function requirementMatches(
  { key, operator, values }: DeepReadonly<LabelSelectorRequirement>,
  labels: Labels,
): boolean {
  return operators[operator]?.(labels[key], values ?? []) ?? false
}
