import type { ResourceRef } from '../api/resource-ref.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../api/types/core/v1.ts'
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from '../api/types/resources.ts'
import type { VolumeAttributesClass } from '../api/types/storage/v1.ts'
import type { Client } from '../client/client.ts'
import type { Cached } from '../client/informer.ts'
import { type DeepReadonly, type KubeObject, objectKey } from '../machinery/object.ts'
import { type Controller, watch } from './controller.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'
const classFinalizer = 'kubernetes.io/vac-protection'
const byClaim = 'claim'
const byClass = 'volumeAttributesClass'

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

/** Holds a class as long as a claim or a volume names it. After pkg/controller/volume/vacprotection. */
export const volumeAttributesClassProtection: Controller = {
  name: 'volumeattributesclass-protection-controller',
  serviceAccount: 'volumeattributesclass-protection-controller',
  create: ({ client, informers }) => {
    const classes = informers.informerFor(volumeAttributesClasses)
    const claims = informers.informerFor(persistentVolumeClaims)
    const volumes = informers.informerFor(persistentVolumes)
    claims.addIndex(byClass, classesOfClaim)
    volumes.addIndex(byClass, classesOfVolume)
    return {
      watches: [
        watch(classes, ({ object, type }) => (type === 'deleted' ? [] : [object.metadata.name])),
        watch(claims, ({ object, previous }) => [...classesOfClaim(previous ?? object), ...classesOfClaim(object)]),
        watch(volumes, ({ object, previous }) => [...classesOfVolume(previous ?? object), ...classesOfVolume(object)]),
      ],
      async reconcile(key) {
        const isInUse = () => claims.byIndex(byClass, key).length > 0 || volumes.byIndex(byClass, key).length > 0
        await protect<VolumeAttributesClass>({
          client,
          resource: volumeAttributesClasses,
          object: classes.get(key),
          finalizer: classFinalizer,
          isInUse,
        })
        return undefined
      },
    }
  },
}

function classesOfClaim({ spec, status }: DeepReadonly<PersistentVolumeClaim>): readonly string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[]
}

function classesOfVolume({ spec }: DeepReadonly<PersistentVolume>): readonly string[] {
  return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []
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
