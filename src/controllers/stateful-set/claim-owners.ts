import type { PersistentVolumeClaim } from '../../api/types/core/v1.ts'
import type { DeepReadonly, ObjectMeta, OwnerReference } from '../../machinery/object.ts'
import type { ReadonlyPod } from '../pods.ts'
import { isWanted, ordinalOf, type ReadonlyStatefulSet } from './stateful-pod.ts'

type References = readonly DeepReadonly<OwnerReference>[]

export interface ClaimOwners {
  /** Undefined when they are right as they are. */
  readonly references: References | undefined
  /** Whether somebody else controls the claim, so that the retention policy does not apply. */
  readonly isForeign: boolean
}

/**
 * Who is to own a claim, so that the garbage collector deletes it when the retention policy says so. After
 * pkg/controller/statefulset stateful_set_utils.go updateClaimOwnerRefForSetAndPod.
 */
export function claimOwners(
  set: ReadonlyStatefulSet,
  pod: ReadonlyPod,
  claim: DeepReadonly<PersistentVolumeClaim>,
): ClaimOwners {
  const present = claim.metadata?.ownerReferences ?? []
  const setReference = referenceTo('apps/v1', 'StatefulSet', set.metadata)
  const podReference = referenceTo('v1', 'Pod', pod.metadata)
  const ours = (reference: DeepReadonly<OwnerReference>) =>
    [setReference, podReference].find((own) => own.kind === reference.kind && own.name === reference.name)
  const others = present.filter((reference) => !ours(reference))
  // Owned by a namesake that is gone: the garbage collector is about to delete it.
  const isStale = present.some((reference) => ours(reference) && ours(reference)?.uid !== reference.uid)
  const { whenScaled, whenDeleted } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {}
  const retainsAll = whenScaled !== 'Delete' && whenDeleted !== 'Delete'
  const isForeign = !retainsAll && (isStale || others.some(({ controller }) => controller === true))
  if (isStale) return { references: undefined, isForeign }
  const isScaledDown = whenScaled === 'Delete' && !isWanted(set, ordinalOf(set, pod) ?? -1)
  const wanted = isScaledDown ? [podReference] : whenDeleted === 'Delete' ? [setReference] : []
  const references = isForeign ? others : [...others, ...wanted]
  return { references: sameOwners(present, references) ? undefined : references, isForeign }
}

function sameOwners(some: References, others: References): boolean {
  const written = (references: References) =>
    references
      .map(({ uid, controller }) => `${uid} ${controller ?? false}`)
      .sort()
      .join()
  return written(some) === written(others)
}

function referenceTo(apiVersion: string, kind: string, metadata: DeepReadonly<ObjectMeta> = {}): OwnerReference {
  const { name = '', uid = '' } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}
