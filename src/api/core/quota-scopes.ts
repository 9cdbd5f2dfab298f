import type { DeepReadonly } from '../../machinery/object.ts'
import type { Pod, ResourceQuota } from '../types/core/v1.ts'

type ReadonlyPod = DeepReadonly<Pod>

const scopes: Readonly<Record<string, (pod: ReadonlyPod) => boolean>> = {
  Terminating: ({ spec }) => spec?.activeDeadlineSeconds !== undefined,
  NotTerminating: ({ spec }) => spec?.activeDeadlineSeconds === undefined,
  BestEffort: isBestEffort,
  NotBestEffort: (pod) => !isBestEffort(pod),
  PriorityClass: ({ spec }) => (spec?.priorityClassName ?? '') !== '',
  CrossNamespacePodAffinity: hasCrossNamespaceAffinity,
}

/** Whether the quota looks at Pods of some sort alone. */
export function hasScopes({ spec }: DeepReadonly<ResourceQuota>): boolean {
  return (spec?.scopes ?? []).length > 0 || (spec?.scopeSelector?.matchExpressions ?? []).length > 0
}

/** Whether a Pod is of all the sorts that the quota names. After pkg/quota/v1/evaluator/core pods.go podMatchesScopeFunc. */
export function isInScope({ spec }: DeepReadonly<ResourceQuota>, pod: ReadonlyPod): boolean {
  if (!(spec?.scopes ?? []).every((name) => scopes[name]?.(pod) ?? false)) return false
  return (spec?.scopeSelector?.matchExpressions ?? []).every(({ scopeName, operator, values = [] }) => {
    const matches = scopes[scopeName]?.(pod) ?? false
    const isListed = values.includes(pod.spec?.priorityClassName ?? '')
    if (operator === 'In') return matches && isListed
    if (operator === 'NotIn') return !isListed
    return operator === 'DoesNotExist' ? !matches : matches
  })
}

function isBestEffort({ spec }: ReadonlyPod): boolean {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources)
  return [...all, spec?.resources].every((resources) =>
    [resources?.requests, resources?.limits].every((set) => set?.cpu === undefined && set?.memory === undefined),
  )
}

function hasCrossNamespaceAffinity({ spec }: ReadonlyPod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  return [podAffinity, podAntiAffinity]
    .flatMap((affinity) => [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
    ])
    .some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined)
}
