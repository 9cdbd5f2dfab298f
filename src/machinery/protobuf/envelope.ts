import type { ObjectSchema } from '../schema.ts'
import { writeObject } from './encode.ts'
import { ProtobufError, Reader, ReverseWriter, wireType } from './wire.ts'

/**
 * `k8s\0` and a runtime.Unknown: what an object is in application/vnd.kubernetes.protobuf. After apimachinery
 * runtime/serializer/protobuf v1.36.
 */

const magic = Uint8Array.from([0x6b, 0x38, 0x73, 0x00])

const unknown = { typeMeta: 1, raw: 2, contentEncoding: 3, contentType: 4 } as const

export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  /** The object's own message. */
  readonly raw: Uint8Array
}

interface TypedObject {
  readonly apiVersion?: string
  readonly kind?: string
}

/** A whole object with its kind, which must stand in it. */
export function encodeProtobuf(object: TypedObject, schema: ObjectSchema): Uint8Array {
  return inEnvelope(object, (writer) => writeObject(writer, object as Record<string, unknown>, schema))
}

/** A list of items that are messages already (`raw` of their envelopes): cached bytes are only joined. */
export function encodeProtobufList(list: {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: object
  readonly metadataSchema: ObjectSchema
  readonly items: readonly Uint8Array[]
}): Uint8Array {
  return inEnvelope(list, (writer) => {
    for (const item of list.items.toReversed()) writeMessage(writer, 2, item)
    const before = writer.length
    writeObject(writer, list.metadata as Record<string, unknown>, list.metadataSchema)
    writer.lengthDelimited(1, before)
  })
}

/** A frame of a watch stream: length, then a WatchEvent whose object is an envelope. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  const writer = new ReverseWriter()
  const before = writer.length
  writeMessage(writer, 1, object)
  writer.lengthDelimited(2, before)
  writer.string(type)
  writer.tag(1, wireType.bytes)
  const size = Buffer.allocUnsafe(4)
  size.writeUInt32BE(writer.length)
  writer.bytes(size)
  return writer.finish()
}

/** Whether bytes begin as an envelope does. */
export function isEnvelope(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

/** The parts of an envelope. Throws ProtobufError. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  if (!isEnvelope(bytes))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  const reader = new Reader(bytes.subarray(magic.length))
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array() as Uint8Array }
  while (!reader.done) {
    const tag = reader.varint()
    const number = Math.floor(tag / 8)
    if (number === unknown.typeMeta) Object.assign(envelope, readTypeMeta(reader.bytes()))
    else if (number === unknown.raw) envelope.raw = reader.bytes()
    else reader.skip(tag % 8)
  }
  return envelope
}

function readTypeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const reader = new Reader(bytes)
  const typeMeta = { apiVersion: '', kind: '' }
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === 10) typeMeta.apiVersion = reader.string()
    else if (tag === 18) typeMeta.kind = reader.string()
    else reader.skip(tag % 8)
  }
  return typeMeta
}

function inEnvelope({ apiVersion = '', kind = '' }: TypedObject, write: (writer: ReverseWriter) => void): Uint8Array {
  const writer = new ReverseWriter()
  // Upstream writes both, though empty.
  writeText(writer, unknown.contentType, '')
  writeText(writer, unknown.contentEncoding, '')
  const rawBefore = writer.length
  write(writer)
  writer.lengthDelimited(unknown.raw, rawBefore)
  const typeBefore = writer.length
  writeText(writer, 2, kind)
  writeText(writer, 1, apiVersion)
  writer.lengthDelimited(unknown.typeMeta, typeBefore)
  writer.bytes(magic)
  return writer.finish()
}

function writeText(writer: ReverseWriter, number: number, text: string): void {
  writer.string(text)
  writer.tag(number, wireType.bytes)
}

function writeMessage(writer: ReverseWriter, number: number, message: Uint8Array): void {
  const before = writer.length
  writer.bytes(message)
  writer.lengthDelimited(number, before)
}
