import type { ReplicaSet, StatefulSet } from '../api/types/apps/v1.ts'
import type { ReplicationController, Service } from '../api/types/core/v1.ts'
import type { LabelSelector, LabelSelectorRequirement } from '../api/types/meta/v1.ts'
import { byNamespace, type Informer } from '../client/informer.ts'
import { controllerOf, type DeepReadonly } from '../machinery/object.ts'
import type { PodObject } from './pod-object.ts'

export interface SiblingCaches {
  readonly services: Informer<Service>
  readonly replicationControllers: Informer<ReplicationController>
  readonly replicaSets: Informer<ReplicaSet>
  readonly statefulSets: Informer<StatefulSet>
}

/**
 * What selects a Pod's siblings: the selectors of all Services that select it, and its controller's. `undefined` when
 * nothing does. After scheduler plugins/helper/spread.go DefaultSelector.
 */
export function defaultSpreadSelector(pod: PodObject, caches: SiblingCaches): DeepReadonly<LabelSelector> | undefined {
  const { namespace = '', labels = {} } = pod.metadata
  const matchLabels: Record<string, string> = {}
  const matchExpressions: DeepReadonly<LabelSelectorRequirement>[] = []
  for (const { spec } of caches.services.byIndex(byNamespace, namespace)) {
    const selector = spec?.selector
    if (selector && Object.entries(selector).every(([key, value]) => labels[key] === value))
      Object.assign(matchLabels, selector)
  }
  const owner = ownSelector(pod, namespace, caches)
  Object.assign(matchLabels, owner?.matchLabels)
  matchExpressions.push(...(owner?.matchExpressions ?? []))
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return undefined
  return { matchLabels, matchExpressions }
}

function ownSelector(
  pod: PodObject,
  namespace: string,
  caches: SiblingCaches,
): DeepReadonly<LabelSelector> | undefined {
  const owner = controllerOf(pod)
  const key = `${namespace}/${owner?.name}`
  switch (owner?.kind) {
    case 'ReplicaSet':
      return caches.replicaSets.get(key)?.spec?.selector
    case 'StatefulSet':
      return caches.statefulSets.get(key)?.spec?.selector
    case 'ReplicationController': {
      const matchLabels = caches.replicationControllers.get(key)?.spec?.selector
      return matchLabels && { matchLabels }
    }
    default:
      return undefined
  }
}
