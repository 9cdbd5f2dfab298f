import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { formatJson } from '../../machinery/format-json.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { isCustom } from './protobuf.ts'

/**
 * The storage form: JSON with an empty `metadata.resourceVersion`. The revision is known only after the write, so
 * answers are the stored bytes with the number put between those quotes. Built-in kinds have their members as Go's
 * structs do, `kind`, `apiVersion` and `metadata` first; custom ones are sorted, as Go's maps are.
 */
const emptyRevision = '"resourceVersion":""'

/** The members of metadata in upstream's order, so that the bytes of an answer have it too. */
const metadataOrder = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const

const sortedMetadataOrder = metadataOrder.toSorted()

/** A canonical object in the order of its storage form, its resourceVersion empty. */
export function storageObject(definition: ResourceDefinition, object: DeepReadonly<KubeObject>): KubeObject {
  const metadata = (object.metadata ?? {}) as ObjectMeta
  // Custom objects are sorted already; only the resourceVersion has to find its place.
  if (isCustom(definition)) return { ...(object as KubeObject), metadata: ordered(metadata, sortedMetadataOrder) }
  const { kind, apiVersion, metadata: _metadata, ...rest } = object as KubeObject
  return { kind, apiVersion, metadata: ordered(metadata, metadataOrder), ...rest } as KubeObject
}

export function storageBytes(definition: ResourceDefinition, object: DeepReadonly<KubeObject>): Buffer {
  return Buffer.from(formatJson(storageObject(definition, object)))
}

/** Where the number goes in the bytes of an object. */
export function placeOfRevision(
  definition: ResourceDefinition,
  object: DeepReadonly<KubeObject>,
  bytes: Buffer,
): number {
  // In a custom object labels and annotations stand before it, and may look just like it.
  const start = isCustom(definition) ? lengthBefore(object) : 0
  const found = bytes.indexOf(emptyRevision, start)
  if (found < 0) throw new Error('a stored object has no place for its resourceVersion')
  return found + emptyRevision.length - 1
}

/** How many bytes of the sorted form stand before `resourceVersion` for certain. */
function lengthBefore(object: DeepReadonly<KubeObject>): number {
  const before: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) if (name < 'metadata') before[name] = value
  const metadata = Object.entries(object.metadata ?? {}).filter(([name]) => name < 'resourceVersion')
  const text = formatJson({ ...before, metadata: Object.fromEntries(metadata.sort(byName)) })
  return Buffer.byteLength(text) - '}}'.length
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1
}

function ordered(metadata: ObjectMeta, order: readonly (keyof ObjectMeta)[]): ObjectMeta {
  const result: Record<string, unknown> = {}
  for (const key of order) {
    const value = key === 'resourceVersion' ? '' : metadata[key]
    if (value !== undefined) result[key] = value
  }
  return result
}
