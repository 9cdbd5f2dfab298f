import { randomUUID } from 'node:crypto'
import { badRequest } from '../../machinery/errors.ts'
import type { KubeObject, ObjectMeta, OwnerReference } from '../../machinery/object.ts'
import { generateName } from './names.ts'
import type { ResourceRequest } from './resource-request.ts'

/** A draft with metadata for certain. */
export type Draft = KubeObject & { metadata: ObjectMeta }

/** RFC 3339 to the second, as `Time` is on the wire. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** What a client cannot give a new object. After apiserver registry/rest/meta.go WipeObjectMetaSystemFields. */
export function wipeSystemFields(metadata: ObjectMeta): void {
  delete metadata.creationTimestamp
  delete metadata.uid
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

/** What the server gives a new object. After FillObjectMetaSystemFields. */
export function fillSystemFields(metadata: ObjectMeta, { services }: ResourceRequest): void {
  metadata.creationTimestamp = timeText(services.clock.nowMs())
  metadata.uid = randomUUID()
  if (metadata.generateName && !metadata.name) {
    metadata.name = generateName(metadata.generateName, services.random)
  }
}

/** Gives the draft the request's namespace, or throws 400 when it names another one. */
export function matchNamespace(metadata: ObjectMeta, { definition, namespace }: ResourceRequest): void {
  const expected = definition.namespaced ? namespace : ''
  const actual = metadata.namespace ?? ''
  if (actual === expected) return
  if (actual === '') metadata.namespace = expected
  else if (expected === '') delete metadata.namespace
  else throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

/** Throws 400 when the draft goes by another name than the URL. */
export function matchName({ metadata }: Draft, name: string): void {
  if (!metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  }
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
}

/** Drops owner references that are there twice, with upstream's warning. */
export function dropDuplicateOwners(metadata: ObjectMeta, warnings: string[], afterAdmission: boolean): void {
  const references = metadata.ownerReferences
  if (!references || references.length < 2) return
  const seen = new Map<string, OwnerReference>()
  const duplicates: string[] = []
  for (const reference of references) {
    const key = ownerKey(reference)
    if (seen.has(key)) duplicates.push(reference.uid)
    else seen.set(key, reference)
  }
  if (duplicates.length === 0) return
  metadata.ownerReferences = [...seen.values()]
  const when = afterAdmission ? ' after mutating admission happens' : ''
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and ` +
      'may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ' +
      duplicates.join(', '),
  )
}

function ownerKey({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): string {
  return JSON.stringify([apiVersion, kind, name, uid, controller ?? null, blockOwnerDeletion ?? null])
}
