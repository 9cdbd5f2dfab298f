import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { decodeStored, decodeValue } from '../../machinery/decode.ts'
import { formatJson } from '../../machinery/format-json.ts'
import {
  apiVersionOf,
  type DeepReadonly,
  deepFreeze,
  type KubeObject,
  type ObjectMeta,
} from '../../machinery/object.ts'
import type { Entry, Revision } from '../../store/store.ts'
import type { EncodedObject, SplicedJson } from '../request.ts'
import { equalValues } from './equal.ts'
import { encodeProtobuf, isCustom } from './protobuf.ts'
import { placeOfRevision, storageBytes, storageObject } from './storage-bytes.ts'

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
      const bytes = Buffer.from(formatJson(isCustom(this.#definition) ? this.object : inServedOrder(this.object)))
      return { bytes, place: bytes.length, inserted: '' }
    }
    this.#stored ??= storageBytes(this.#definition, this.object)
    if (this.#place < 0) this.#place = placeOfRevision(this.#definition, this.object, this.#stored)
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
    this.#stored ??= storageBytes(this.#definition, this.object)
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

/** A draft in storage form, ready to be written: the bytes, and the object they were made of. */
export class StorageForm {
  readonly object: KubeObject
  readonly bytes: Buffer
  /** Set where the object is just what this definition serves: no conversion has to look at it. */
  readonly asServedBy: ResourceDefinition | undefined

  constructor(object: KubeObject, bytes: Buffer, asServedBy?: ResourceDefinition) {
    this.object = object
    this.bytes = bytes
    this.asServedBy = asServedBy
  }
}

/**
 * A draft in the form Go would write it: members in their order, empty ones left out, whatever defaults and strategies
 * have put where. Without it the same object could have several byte forms, and a write of nothing would count.
 */
export function canonicalObject(definition: ResourceDefinition, draft: KubeObject): KubeObject {
  const { custom, group, schema } = definition
  if (custom) return custom.canonical(draft)
  const decode = storedAsJson.has(group) ? decodeValue : decodeStored
  return decode(draft, schema).object as KubeObject
}

/** Groups whose servers upstream store JSON, where an empty list stays one. */
const storedAsJson: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

/** Gives up the draft: from here on it belongs to the cache. */
export function toStorageForm(definition: ResourceDefinition, draft: KubeObject): StorageForm {
  const { conversion, custom } = definition
  const stored = conversion?.toStorage(draft) ?? canonicalObject(definition, draft)
  const object = storageObject(definition, stored)
  const isOwnVersion = custom !== undefined && conversion?.storageApiVersion === apiVersionOf(definition)
  return new StorageForm(object, Buffer.from(formatJson(object)), isOwnVersion ? definition : undefined)
}

/** What a dry run answers: the draft as it would be served. */
export function unstoredObject(definition: ResourceDefinition, draft: KubeObject): ServedObject {
  return new ServedObject(definition, canonicalObject(definition, draft))
}

/** Whether writing `form` would change nothing. The order of map keys, which clients are free in, does not count. */
export function isUnchanged(form: StorageForm, entry: Entry): boolean {
  if (form.bytes.length !== entry.value.length) return false
  if (Buffer.compare(form.bytes, entry.value) === 0) return true
  const { stored } = objectsOf(entry)
  const { resourceVersion = '' } = stored.metadata!
  return equalValues({ ...form.object, metadata: { ...form.object.metadata, resourceVersion } }, stored)
}

/** What a store entry's attachment becomes at its first read: the object, once for each version that was asked for. */
class EntryObjects {
  readonly #revision: Revision
  readonly #form: StorageForm
  /** Beside the last one. Weak, since the definitions of custom resources come and go. */
  #others: WeakMap<ResourceDefinition, ServedObject> | undefined
  #lastDefinition: ResourceDefinition | undefined
  #last: ServedObject | undefined

  constructor(form: StorageForm, revision: Revision) {
    this.#form = form
    this.#revision = revision
    // Before any version is made of it: the first one to be asked for freezes what all share.
    setResourceVersion(form.object.metadata!, String(revision))
  }

  get stored(): DeepReadonly<KubeObject> {
    return this.#form.object
  }

  as(definition: ResourceDefinition): ServedObject {
    if (definition === this.#lastDefinition) return this.#last!
    const served = this.#others?.get(definition) ?? this.#make(definition)
    if (this.#last) {
      this.#others ??= new WeakMap()
      this.#others.set(this.#lastDefinition!, this.#last)
    }
    this.#lastDefinition = definition
    this.#last = served
    return served
  }

  #make(definition: ResourceDefinition): ServedObject {
    const { object, bytes, asServedBy } = this.#form
    if (!definition.conversion || asServedBy === definition) {
      return new ServedObject(definition, object, this.#revision, bytes)
    }
    const converted = definition.conversion.fromStorage(deepFreeze(object))
    return new ServedObject(definition, canonicalObject(definition, converted), this.#revision)
  }
}

/** The object of a store entry. Parsed at most once in the life of the entry, also when nobody wrote it here. */
export function servedObject(entry: Entry, definition: ResourceDefinition): ServedObject {
  return objectsOf(entry).as(definition)
}

function objectsOf(entry: Entry): EntryObjects {
  const { attachment } = entry
  if (attachment instanceof EntryObjects) return attachment
  const form = attachment instanceof StorageForm ? attachment : parseStored(entry)
  const objects = new EntryObjects(form, entry.revision)
  entry.attachment = objects
  return objects
}

function parseStored({ key, value }: Entry): StorageForm {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  try {
    return new StorageForm(JSON.parse(bytes.toString()) as KubeObject, bytes)
  } catch (error) {
    throw new Error(`the stored object ${key} cannot be read`, { cause: error })
  }
}
