import type { ResourceRef } from '../api/resource-ref.ts'
import type { Client } from '../client/client.ts'
import type { Cached } from '../client/informer.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import type { Claims } from './claim.ts'
import { controllerReference } from './pod-control.ts'

export interface PerformClaims<T extends KubeObject, O extends KubeObject> {
  readonly client: Client
  readonly resource: ResourceRef<T>
  readonly owner: Cached<O>
  readonly ownerResource: ResourceRef<O>
  readonly claims: Claims<Cached<T>>
  /** What the owner puts on what it adopts, and takes off what it releases. */
  readonly finalizer?: string
}

/**
 * Adopts and releases, and answers all the owner has afterwards. The owner is read afresh before the first adoption,
 * since one that is gone or replaced must not gather what its successor should get.
 */
export async function performClaims<T extends KubeObject, O extends KubeObject>(
  options: PerformClaims<T, O>,
): Promise<readonly Cached<T>[]> {
  const { client, resource, claims, owner, finalizer } = options
  const { namespace = '' } = owner.metadata
  for (const object of claims.release) {
    const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }]
    const finalizers = finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }
    await patchMetadata({ client, resource, namespace, object, metadata: { ownerReferences, ...finalizers } })
  }
  if (claims.adopt.length === 0 || !(await isStillThere(options))) return claims.owned
  const adopted: Cached<T>[] = []
  for (const object of claims.adopt) {
    const ownerReferences = [controllerReference(owner as DeepReadonly<KubeObject>)]
    const metadata = { ownerReferences, ...(finalizer === undefined ? {} : { finalizers: [finalizer] }) }
    const patched = await patchMetadata({ client, resource, namespace, object, metadata })
    if (patched) adopted.push(patched)
  }
  return [...claims.owned, ...adopted]
}

interface MetadataPatch<T extends KubeObject> {
  readonly client: Client
  readonly resource: ResourceRef<T>
  readonly namespace: string
  readonly object: Cached<T>
  readonly metadata: Readonly<Record<string, unknown>>
}

/** The uid in the patch makes it fail on a namesake. Undefined when the object is gone or replaced. */
async function patchMetadata<T extends KubeObject>(patch: MetadataPatch<T>): Promise<Cached<T> | undefined> {
  const { client, resource, namespace, object, metadata } = patch
  const body = { metadata: { uid: object.metadata.uid, ...metadata } }
  try {
    return await client.of(resource).patch(object.metadata.name, body, { type: 'strategic', namespace })
  } catch (error) {
    if (isStatus(error, 'NotFound', 'Invalid', 'Conflict')) return undefined
    throw error
  }
}

async function isStillThere<T extends KubeObject, O extends KubeObject>(
  options: PerformClaims<T, O>,
): Promise<boolean> {
  const { client, ownerResource, owner } = options
  const { name, namespace = '', uid } = owner.metadata
  try {
    const fresh = await client.of(ownerResource).get(name, { namespace })
    return fresh.metadata.uid === uid && fresh.metadata.deletionTimestamp === undefined
  } catch (error) {
    if (isStatus(error, 'NotFound')) return false
    throw error
  }
}
