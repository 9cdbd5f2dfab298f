import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { findSchemaForKind } from '../../api/schema/schema.ts'
import { canonicalForm } from '../../machinery/canonical.ts'
import { formatJson } from '../../machinery/format-json.ts'
import {
  apiVersionOf,
  type DeepReadonly,
  deepFreeze,
  type KubeObject,
  type ObjectMeta,
  parseApiVersion,
} from '../../machinery/object.ts'
import type { Entry, Revision } from '../../store/store.ts'
import type { EncodedObject, SplicedJson } from '../request.ts'
import { equalValues } from './equal.ts'
import { encodeProtobuf, isCustom, isOfExtension } from './protobuf.ts'
import { placeOfRevision, storageBytes, storageObject } from './storage-bytes.ts'
import { readStoredValue } from './stored-value.ts'

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
  #event: ServedEvent | undefined

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

  /**
   * The watch event that shows it. The last one is kept, since all watchers send the same: what waits for a slow client
   * is then a reference and nothing more.
   */
  event(type: string): ServedEvent {
    if (this.#event?.type !== type) this.#event = { type, object: this.object, encoded: this }
    return this.#event
  }
}

/** A watch event that shows an object, with its encodings. Shared and never changed. */
interface ServedEvent {
  readonly type: string
  readonly object: DeepReadonly<KubeObject>
  readonly encoded: EncodedObject
}

/** An object that another definition of the same version has served already is frozen, and has the number. */
function setResourceVersion(metadata: ObjectMeta, resourceVersion: string): void {
  if (metadata.resourceVersion !== resourceVersion) metadata.resourceVersion = resourceVersion
}

function inServedOrder({ kind, apiVersion, metadata, ...rest }: DeepReadonly<KubeObject>): object {
  return { kind, apiVersion, metadata, ...rest }
}

/** Where a value lies at rest: the storage it was read from may want it written anew, though nothing has changed. */
export interface AtRest {
  readonly isStale: () => boolean
}

/** An object as the store holds it. */
interface HeldForm {
  readonly object: KubeObject
  /** Undefined: another server wrote it, in a form of its own. */
  readonly bytes: Buffer | undefined
  readonly asServedBy?: ResourceDefinition | undefined
  readonly atRest?: AtRest | undefined
}

/** A draft in storage form, ready to be written: the bytes, and the object they were made of. */
export class StorageForm implements HeldForm {
  readonly object: KubeObject
  readonly bytes: Buffer
  /** Set by whoever puts the value to rest. */
  atRest: AtRest | undefined
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
  const { custom, schema } = definition
  if (custom) return custom.canonical(draft)
  // Extensions store JSON, where an empty list stays one.
  return canonicalForm(draft, schema, !isOfExtension(definition)) as KubeObject
}

/** Gives up the draft: from here on it belongs to the cache. */
export function toStorageForm(definition: ResourceDefinition, draft: KubeObject): StorageForm {
  const { conversion } = definition
  if (conversion) return convertedStorageForm(definition, conversion.toStorage(draft))
  return storageForm(definition, canonicalObject(definition, draft))
}

/** As `toStorageForm`, of a draft that has been converted already. */
export function convertedStorageForm(definition: ResourceDefinition, converted: KubeObject): StorageForm {
  return storageForm(definition, convertedForm(converted))
}

function storageForm(definition: ResourceDefinition, stored: KubeObject): StorageForm {
  const { conversion, custom } = definition
  const object = storageObject(definition, stored)
  const isOwnVersion = custom !== undefined && conversion?.storageApiVersion === apiVersionOf(definition)
  return new StorageForm(object, Buffer.from(formatJson(object)), isOwnVersion ? definition : undefined)
}

/** As `canonicalObject`, of an object of the version that is stored. Custom ones are canonical already. */
function convertedForm(object: KubeObject): KubeObject {
  const { apiVersion = '', kind = '' } = object
  const schema = findSchemaForKind({ ...parseApiVersion(apiVersion), kind })
  return schema ? (canonicalForm(object, schema, true) as KubeObject) : object
}

/** What a dry run answers: the draft as it would be served. */
export function unstoredObject(definition: ResourceDefinition, draft: KubeObject): ServedObject {
  return new ServedObject(definition, canonicalObject(definition, draft))
}

/** Whether writing `form` would change nothing. The order of map keys, which clients are free in, does not count. */
export function isUnchanged(form: StorageForm, entry: Entry): boolean {
  const { object: stored, bytes, atRest } = objectsOf(entry).form
  if (atRest?.isStale()) return false
  if (bytes && form.bytes.length !== bytes.length) return false
  if (bytes && Buffer.compare(form.bytes, bytes) === 0) return true
  const { resourceVersion = '' } = stored.metadata!
  return equalValues({ ...form.object, metadata: { ...form.object.metadata, resourceVersion } }, stored)
}

/** What a store entry's attachment becomes at its first read: the object, once for each version that was asked for. */
class EntryObjects {
  readonly #revision: Revision
  readonly #form: HeldForm
  /** Beside the last one. Weak, since the definitions of custom resources come and go. */
  #others: WeakMap<ResourceDefinition, ServedObject> | undefined
  #lastDefinition: ResourceDefinition | undefined
  #last: ServedObject | undefined

  constructor(form: HeldForm, revision: Revision) {
    this.#form = form
    this.#revision = revision
    // Before any version is made of it: the first one to be asked for freezes what all share.
    setResourceVersion(form.object.metadata!, String(revision))
  }

  get form(): DeepReadonly<Pick<HeldForm, 'object'>> & Pick<HeldForm, 'bytes' | 'atRest'> {
    return this.#form
  }

  as(definition: ResourceDefinition): ServedObject {
    if (definition === this.#lastDefinition) return this.#last!
    return this.#keep(definition, this.#others?.get(definition) ?? this.#make(definition))
  }

  /** The stored object, where a call has to convert it before `as` can show it. */
  toConvert(definition: ResourceDefinition): DeepReadonly<KubeObject> | undefined {
    if (definition === this.#lastDefinition || this.#others?.has(definition)) return undefined
    const { object, asServedBy } = this.#form
    if (asServedBy === definition || object.apiVersion === apiVersionOf(definition)) return undefined
    return deepFreeze(object)
  }

  /** What the call has made of it. */
  addConverted(definition: ResourceDefinition, converted: KubeObject): void {
    this.#keep(definition, new ServedObject(definition, canonicalObject(definition, converted), this.#revision))
  }

  #keep(definition: ResourceDefinition, served: ServedObject): ServedObject {
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
      // Another server may have known fewer fields, and so fewer defaults.
      const isForeign = !bytes && !Object.isFrozen(object)
      if (isForeign) definition.applyDefaults?.(object)
      const served = isForeign ? canonicalObject(definition, object) : object
      return new ServedObject(definition, served, this.#revision, bytes)
    }
    const converted = definition.conversion.fromStorage(deepFreeze(object))
    return new ServedObject(definition, canonicalObject(definition, converted), this.#revision)
  }
}

/** The object of a store entry. Parsed at most once in the life of the entry, also when nobody wrote it here. */
export function servedObject(entry: Entry, definition: ResourceDefinition): ServedObject {
  return objectsOf(entry).as(definition)
}

/** The stored object, where a definition's remote conversion has to be asked before `servedObject`. */
export function objectToConvert(entry: Entry, definition: ResourceDefinition): DeepReadonly<KubeObject> | undefined {
  return objectsOf(entry).toConvert(definition)
}

/** From here on `servedObject` shows what a remote conversion has made of an entry. */
export function addConverted(entry: Entry, definition: ResourceDefinition, converted: KubeObject): void {
  objectsOf(entry).addConverted(definition, converted)
}

function objectsOf(entry: Entry): EntryObjects {
  const { attachment } = entry
  if (attachment instanceof EntryObjects) return attachment
  if (attachment instanceof Unreadable) throw unreadable(entry, attachment.why)
  const form = attachment instanceof StorageForm ? attachment : parseStored(entry)
  const objects = new EntryObjects(form, entry.revision)
  entry.attachment = objects
  return objects
}

/** The attachment of a value that was read from where it lay encrypted. */
export class RestingValue implements AtRest {
  readonly isStale: () => boolean

  constructor(isStale: () => boolean) {
    this.isStale = isStale
  }
}

/** The attachment of a value that could not be read from where it lay: whoever asks for the object hears why. */
export class Unreadable {
  readonly why: Error

  constructor(why: Error) {
    this.why = why
  }
}

function parseStored(entry: Entry): HeldForm {
  const { attachment, value } = entry
  try {
    return { ...readStoredValue(value), ...(attachment instanceof RestingValue && { atRest: attachment }) }
  } catch (error) {
    throw unreadable(entry, error)
  }
}

/** Upstream's text, so that whoever lost a key finds what is written about it. */
function unreadable({ key }: Entry, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new Error(`unable to transform key ${JSON.stringify(key)}: ${why}`, { cause })
}
