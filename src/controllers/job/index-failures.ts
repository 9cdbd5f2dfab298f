import type { ReadonlyPod } from '../pods.ts'
import type { ReadonlyJob } from './job-pods.ts'
import { matchPodFailurePolicy } from './pod-failure-policy.ts'

const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count'
const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count'
const maxInt32 = 2 ** 31 - 1

/** How often the Pod's index had failed before it, failures that count towards the limit. */
export function countedFailureCount(pod: ReadonlyPod): number {
  return countIn(pod, failureCountAnnotation)
}

/** Failures that the policy ignores included. */
export function absoluteFailureCount(pod: ReadonlyPod): number {
  return countIn(pod, failureCountAnnotation) + countIn(pod, ignoredCountAnnotation)
}

/** Annotations of a Pod that takes the place of a failed one. After pkg/controller/job addIndexFailureCountAnnotation. */
export function failureCountAnnotations(
  { spec }: ReadonlyJob,
  predecessor: ReadonlyPod | undefined,
): Record<string, string> {
  if (!predecessor) return { [failureCountAnnotation]: '0' }
  const { counts } = matchPodFailurePolicy(spec?.podFailurePolicy, predecessor)
  const counted = countIn(predecessor, failureCountAnnotation) + (counts ? 1 : 0)
  const ignored = countIn(predecessor, ignoredCountAnnotation) + (counts ? 0 : 1)
  return {
    [failureCountAnnotation]: `${counted}`,
    ...(ignored > 0 ? { [ignoredCountAnnotation]: `${ignored}` } : {}),
  }
}

/** What anyone could have written there and is no count is 0. */
function countIn({ metadata }: ReadonlyPod, annotation: string): number {
  const text = metadata?.annotations?.[annotation] ?? '0'
  const count = /^\d+$/.test(text) ? Number(text) : 0
  return count > maxInt32 ? 0 : count
}
