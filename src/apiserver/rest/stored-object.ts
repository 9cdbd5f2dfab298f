import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { decodeStored, decodeValue } from '../../machinery/decode.ts'
import { formatJson } from '../../machinery/format-json.ts'
import { type DeepReadonly, deepFreeze, type KubeObject, type ObjectMeta } from '../../machinery/object.ts'
import type { Entry, Revision } from '../../store/store.ts'
import type { EncodedObject, SplicedJson } from '../request.ts'
import { equalValues } from './equal.ts'
import { encodeProtobuf } from './protobuf.ts'

/**
 * The storage form: JSON with `kind`, `apiVersion` and `metadata` first and an empty `metadata.resourceVersion`. The
 * revision is known only after the write, so answers are the stored bytes with the number put between those quotes.
 */
const emptyRevision = Buffer.from('"resourceVersion":""')

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

function orderMetadata(metadata: ObjectMeta): ObjectMeta {
  const ordered: Record<string, unknown> = {}
  for (const key of metadataOrder) {
    const value = key === 'resourceVersion' ? '' : metadata[key]
    if (value !== undefined) ordered[key] = value
  }
  return ordered
}

/** An object as one version of its kind is served, with its encodings. Shared and frozen. */
export class ServedObject implements EncodedObject {
  readonly object: DeepReadonly<KubeObject>
  readonly #definition: ResourceDefinition
  /** Undefined: a dry run's result, which is nowhere. */
  readonly #revision: Revision | undefined
  #stored: Buffer | undefined
  /** Where the number goes in the stored bytes; -1 before anybody has looked. */
  #place = -1
  #protobuf: Uint8Array | undefined
  #at: ServedObject | undefined

  /** `stored` are the storage form's bytes, made when they are first needed if not given. */
  constructor(definition: ResourceDefinition, object: KubeObject, revision?: Revision, stored?: Buffer) {
    this.#definition = definition
    this.#revision = revision
    this.#stored = stored
    if (revision !== undefined) setResourceVersion(object.metadata!, String(revision))
    this.object = deepFreeze(object)
  }

  /** The number goes in at each call: copying a few kilobytes is cheaper than keeping every object's bytes twice. */
  json(): Uint8Array {
    const { bytes, place, inserted } = this.splicedJson()
    const whole = Buffer.allocUnsafe(bytes.length + inserted.length)
    bytes.copy(whole, 0, 0, place)
    whole.write(inserted, place, 'latin1')
    bytes.copy(whole, place + inserted.length, place)
    return whole
  }

  splicedJson(): SplicedJson {
    if (this.#revision === undefined) {
      const bytes = Buffer.from(formatJson(inServedOrder(this.object)))
      return { bytes, place: bytes.length, inserted: '' }
    }
    this.#stored ??= storageBytes(this.object)
    if (this.#place < 0) this.#place = placeOfRevision(this.#stored)
    return { bytes: this.#stored, place: this.#place, inserted: this.object.metadata!.resourceVersion! }
  }

  protobuf(): Uint8Array {
    this.#protobuf ??= encodeProtobuf(this.#definition, this.object)
    return this.#protobuf
  }

  /**
   * The same object under another resourceVersion, as the event of its deletion shows it. The last one is kept, since
   * all watchers ask for the same.
   */
  at(revision: Revision): ServedObject {
    if (this.#at && this.#at.#revision === revision) return this.#at
    this.#stored ??= storageBytes(this.object)
    const object = { ...this.object, metadata: { ...this.object.metadata } } as KubeObject
    this.#at = new ServedObject(this.#definition, object, revision, this.#stored)
    return this.#at
  }
}

/** An object that another definition of the same version has served already is frozen, and has the number. */
function setResourceVersion(metadata: ObjectMeta, resourceVersion: string): void {
  if (metadata.resourceVersion !== resourceVersion) metadata.resourceVersion = resourceVersion
}

function inServedOrder({ kind, apiVersion, metadata, ...rest }: DeepReadonly<KubeObject>): object {
  return { kind, apiVersion, metadata, ...rest }
}

function placeOfRevision(stored: Buffer): number {
  const found = stored.indexOf(emptyRevision)
  if (found < 0) throw new Error('a stored object has no place for its resourceVersion')
  return found + emptyRevision.length - 1
}

function storageBytes({ kind, apiVersion, metadata, ...rest }: DeepReadonly<KubeObject>): Buffer {
  return Buffer.from(formatJson({ kind, apiVersion, metadata: orderMetadata(metadata as ObjectMeta), ...rest }))
}

/** A draft in storage form, ready to be written: the bytes, and the object they were made of. */
export class StorageForm {
  readonly object: KubeObject
  readonly bytes: Buffer

  constructor(object: KubeObject, bytes: Buffer) {
    this.object = object
    this.bytes = bytes
  }
}

/**
 * A draft in the form Go would write it: members in their order, empty ones left out, whatever defaults and strategies
 * have put where. Without it the same object could have several byte forms, and a write of nothing would count.
 */
export function canonicalObject({ schema, group }: ResourceDefinition, draft: KubeObject): KubeObject {
  const decode = storedAsJson.has(group) || !schema.name.startsWith('io.k8s.') ? decodeValue : decodeStored
  return decode(draft, schema).object as KubeObject
}

/** Groups whose servers upstream store JSON, where an empty list stays one. So do all custom resources. */
const storedAsJson: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

/** Gives up the draft: from here on it belongs to the cache. */
export function toStorageForm(definition: ResourceDefinition, draft: KubeObject): StorageForm {
  const { conversion } = definition
  const { kind, apiVersion, metadata, ...rest } = conversion?.toStorage(draft) ?? canonicalObject(definition, draft)
  const object = { kind, apiVersion, metadata: orderMetadata(metadata ?? {}), ...rest } as KubeObject
  return new StorageForm(object, Buffer.from(formatJson(object)))
}

/** What a dry run answers: the draft as it would be served. */
export function unstoredObject(definition: ResourceDefinition, draft: KubeObject): ServedObject {
  return new ServedObject(definition, canonicalObject(definition, draft))
}

/** Whether writing `form` would change nothing. The order of map keys, which clients are free in, does not count. */
export function isUnchanged(form: StorageForm, entry: Entry, definition: ResourceDefinition): boolean {
  if (form.bytes.length !== entry.value.length) return false
  if (Buffer.compare(form.bytes, entry.value) === 0) return true
  const { resourceVersion } = servedObject(entry, definition).object.metadata!
  const asServed = { ...form.object, metadata: { ...form.object.metadata, resourceVersion } }
  return !definition.conversion && equalValues(asServed, servedObject(entry, definition).object)
}

/** What a store entry's attachment becomes at its first read: the object, once for each version that was asked for. */
class EntryObjects {
  readonly #revision: Revision
  readonly #form: StorageForm
  readonly #served = new Map<ResourceDefinition, ServedObject>()
  #lastDefinition: ResourceDefinition | undefined
  #last: ServedObject | undefined

  constructor(form: StorageForm, revision: Revision) {
    this.#form = form
    this.#revision = revision
    // Before any version is made of it: the first one to be asked for freezes what all share.
    setResourceVersion(form.object.metadata!, String(revision))
  }

  as(definition: ResourceDefinition): ServedObject {
    if (definition === this.#lastDefinition) return this.#last!
    const served = this.#served.get(definition) ?? this.#make(definition)
    this.#served.set(definition, served)
    this.#lastDefinition = definition
    this.#last = served
    return served
  }

  #make(definition: ResourceDefinition): ServedObject {
    const { object, bytes } = this.#form
    if (!definition.conversion) return new ServedObject(definition, object, this.#revision, bytes)
    const converted = definition.conversion.fromStorage(deepFreeze(object))
    return new ServedObject(definition, canonicalObject(definition, converted), this.#revision)
  }
}

/** The object of a store entry. Parsed at most once in the life of the entry, also when nobody wrote it here. */
export function servedObject(entry: Entry, definition: ResourceDefinition): ServedObject {
  let attachment = entry.attachment
  if (!(attachment instanceof EntryObjects)) {
    const form = attachment instanceof StorageForm ? attachment : parseStored(entry)
    attachment = new EntryObjects(form, entry.revision)
    entry.attachment = attachment
  }
  return (attachment as EntryObjects).as(definition)
}

function parseStored({ key, value }: Entry): StorageForm {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  try {
    return new StorageForm(JSON.parse(bytes.toString()) as KubeObject, bytes)
  } catch (error) {
    throw new Error(`the stored object ${key} cannot be read`, { cause: error })
  }
}
