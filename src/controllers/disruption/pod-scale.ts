import type { Pod } from '../../api/types/core/v1.ts'
import { deployments, replicaSets, replicationControllers, statefulSets } from '../../api/types/resources.ts'
import type { Cached } from '../../client/informer.ts'
import type { SharedInformers } from '../../client/shared-informers.ts'
import { controllerOf, type DeepReadonly, type OwnerReference } from '../../machinery/object.ts'
import { type Watch, watch } from '../controller.ts'

export interface PodScale {
  /** What must be in the caches before `of` is asked. */
  readonly watches: readonly Watch[]
  /**
   * How many Pods the controllers of these want together, and the names of Pods that have none. Throws for a
   * controller that is not there or of no known kind. After pkg/controller/disruption getExpectedScale.
   */
  of(pods: readonly Cached<Pod>[]): { readonly scale: number; readonly unmanaged: readonly string[] }
}

interface Scaled {
  readonly metadata: { readonly uid: string }
  readonly spec?: { readonly replicas?: number }
}

export function createPodScale(informers: SharedInformers): PodScale {
  const sets = informers.informerFor(replicaSets)
  const rollouts = informers.informerFor(deployments)
  const stateful = informers.informerFor(statefulSets)
  const old = informers.informerFor(replicationControllers)
  const lookUp: Readonly<Record<string, (key: string) => Scaled | undefined>> = {
    Deployment: (key) => rollouts.get(key),
    StatefulSet: (key) => stateful.get(key),
    ReplicationController: (key) => old.get(key),
  }
  const find = (reference: DeepReadonly<OwnerReference>, namespace: string): Scaled | undefined => {
    const key = `${namespace}/${reference.name}`
    if (reference.kind !== 'ReplicaSet') return sameUid(lookUp[reference.kind]?.(key), reference)
    const set = sameUid(sets.get(key), reference)
    const above = set && controllerOf(set)
    return above?.kind === 'Deployment' ? find(above, namespace) : set
  }
  const nothing = () => []
  return {
    watches: [watch(sets, nothing), watch(rollouts, nothing), watch(stateful, nothing), watch(old, nothing)],
    of(pods) {
      const scales = new Map<string, number>()
      const unmanaged: string[] = []
      for (const pod of pods) {
        const reference = controllerOf(pod)
        const found = reference && find(reference, pod.metadata.namespace ?? '')
        if (!reference) unmanaged.push(pod.metadata.name)
        else if (found) scales.set(found.metadata.uid, found.spec?.replicas ?? 1)
        else throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`)
      }
      return { scale: [...scales.values()].reduce((sum, count) => sum + count, 0), unmanaged }
    },
  }
}

function sameUid<T extends Scaled>(found: T | undefined, { uid }: { readonly uid: string }): T | undefined {
  return found?.metadata.uid === uid ? found : undefined
}
