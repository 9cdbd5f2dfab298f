import { getOwn } from '../../machinery/own-member.ts'
import type { PodAffinityTerm, PodSpec, TopologySpreadConstraint } from '../types/core/v1.ts'
import type { LabelSelector } from '../types/meta/v1.ts'

type Labels = Readonly<Record<string, string>> | undefined

/**
 * Writes the Pod's own values of `matchLabelKeys` and `mismatchLabelKeys` into the selectors, where the scheduler
 * reads them. After registry/core/pod mutatePodAffinity and mutateTopologySpreadConstraints.
 */
export function mergeLabelKeys(spec: PodSpec | undefined, labels: Labels): void {
  for (const affinity of [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeTerm(term, labels)
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      if (podAffinityTerm) mergeTerm(podAffinityTerm, labels)
    }
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) mergeConstraint(constraint, labels)
}

function mergeTerm(term: PodAffinityTerm, labels: Labels): void {
  demand(term.labelSelector, 'In', term.matchLabelKeys, labels)
  demand(term.labelSelector, 'NotIn', term.mismatchLabelKeys, labels)
}

function mergeConstraint({ labelSelector, matchLabelKeys }: TopologySpreadConstraint, labels: Labels): void {
  demand(labelSelector, 'In', matchLabelKeys, labels)
}

/** Keys the Pod has no label for ask for nothing. */
function demand(
  selector: LabelSelector | undefined,
  operator: 'In' | 'NotIn',
  keys: readonly string[] | undefined,
  labels: Labels,
): void {
  for (const key of keys ?? []) {
    const value = getOwn(labels, key)
    if (!selector || value === undefined) continue
    selector.matchExpressions ??= []
    selector.matchExpressions.push({ key, operator, values: [value] })
  }
}
