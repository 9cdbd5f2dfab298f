import type { ResourceRef } from '../api/resource-ref.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../api/types/core/v1.ts'
import { persistentVolumeClaims, persistentVolumes, pods } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { Cached } from '../client/informer.ts'
import { type DeepReadonly, type KubeObject, objectKey } from '../machinery/object.ts'
import { type Controller, watch } from './controller.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'
const byClaim = 'claim'

/** Holds a claim as long as a Pod uses it. After pkg/controller/volume/pvcprotection. */
export const claimProtection: Controller = {
  name: 'persistentvolumeclaim-protection-controller',
  serviceAccount: 'pvc-protection-controller',
  create: ({ client, informers }) => {
    const claims = informers.informerFor(persistentVolumeClaims)
    const users = informers.informerFor(pods)
    users.addIndex(byClaim, claimKeysOf)
    return {
      watches: [
        watch(claims, ({ object, type }) => (type === 'deleted' ? [] : [objectKey(object)])),
        watch(users, ({ object, type }) => (type === 'deleted' ? claimKeysOf(object) : [])),
      ],
      async reconcile(key) {
        const claim = claims.get(key)
        const isInUse = () => users.byIndex(byClaim, key).some(usesItsClaims)
        await protect<PersistentVolumeClaim>({
          client,
          resource: persistentVolumeClaims,
          object: claim,
          finalizer: claimFinalizer,
          isInUse,
        })
        return undefined
      },
    }
  },
}

/** Holds a volume as long as a claim is bound to it. After pkg/controller/volume/pvprotection. */
export const volumeProtection: Controller = {
  name: 'persistentvolume-protection-controller',
  serviceAccount: 'pv-protection-controller',
  create: ({ client, informers }) => {
    const volumes = informers.informerFor(persistentVolumes)
    return {
      watches: [watch(volumes, ({ object, type }) => (type === 'deleted' ? [] : [objectKey(object)]))],
      async reconcile(key) {
        const object = volumes.get(key)
        const isInUse = () => object?.status?.phase === 'Bound'
        await protect<PersistentVolume>({
          client,
          resource: persistentVolumes,
          object,
          finalizer: volumeFinalizer,
          isInUse,
        })
        return undefined
      },
    }
  },
}

interface Protected<T extends KubeObject> {
  readonly client: Client
  readonly resource: ResourceRef<T>
  readonly object: Cached<T> | undefined
  readonly finalizer: string
  readonly isInUse: () => boolean
}

/** Puts the finalizer on what lacks it, and takes it off what is being deleted and unused. */
async function protect<T extends KubeObject>(options: Protected<T>): Promise<void> {
  const { client, resource, object, finalizer, isInUse } = options
  if (!object) return
  const { finalizers = [], deletionTimestamp } = object.metadata
  const holds = finalizers.includes(finalizer)
  if (deletionTimestamp ? !holds || isInUse() : holds) return
  const draft = structuredClone(object) as T
  const kept = deletionTimestamp ? finalizers.filter((name) => name !== finalizer) : [...finalizers, finalizer]
  draft.metadata = { ...draft.metadata, finalizers: kept }
  await client.of(resource).update(draft)
}

/** Before it has a node a Pod cannot have mounted anything, and no kubelet starts one whose claim is being deleted. */
function usesItsClaims(pod: Cached<Pod>): boolean {
  return (pod.spec?.nodeName ?? '') !== ''
}

function claimKeysOf({ metadata, spec }: DeepReadonly<Pod>): readonly string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral ? `${metadata?.name}-${name}` : undefined)
    return claim === undefined ? [] : [`${metadata?.namespace}/${claim}`]
  })
}
