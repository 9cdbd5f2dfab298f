import { zeroScalars } from '../decode.ts'
import { parseGoDuration } from '../go-duration.ts'
import type { FieldType, ObjectSchema, ScalarType } from '../schema.ts'
import { layoutOf } from './layout.ts'
import { ReverseWriter, wireType } from './wire.ts'

type Members = Readonly<Record<string, unknown>>

/** The message of an object, without the envelope that says its kind. Members that are null or absent count as empty. */
export function encodeMessage(object: Members, schema: ObjectSchema): Uint8Array {
  const writer = new ReverseWriter()
  writeObject(writer, object, schema)
  return writer.finish()
}

export function writeObject(writer: ReverseWriter, object: Members, schema: ObjectSchema): void {
  for (const slot of layoutOf(schema).descending) {
    if (slot.field !== undefined) {
      const value = object[slot.field.name]
      if (value !== undefined && value !== null) writeField(writer, slot.number, value, slot.field.type)
      else if (!slot.field.nullable) writeZero(writer, slot.number, slot.field.type)
      continue
    }
    const before = writer.length
    writeObject(writer, object, slot.inline)
    writer.lengthDelimited(slot.number, before)
  }
}

const noMembers: Members = Object.freeze({})

/** Go writes every field that is no pointer, slice or map, also where it has the zero value of its type. */
function writeZero(writer: ReverseWriter, number: number, type: FieldType): void {
  if (type.kind === 'object') writeField(writer, number, noMembers, type)
  if (type.kind !== 'scalar') return
  const zero = zeros[type.scalar]
  if (zero !== undefined) writeScalar(writer, number, zero, type.scalar)
  else if (type.scalar !== 'bytes') writeBytes(writer, number, noBytes)
}

const noBytes = new Uint8Array()

/** Where it is not an empty message. */
const zeros: Partial<Record<ScalarType, unknown>> = { ...zeroScalars, Duration: '0s' }

function writeField(writer: ReverseWriter, number: number, value: unknown, type: FieldType): void {
  switch (type.kind) {
    case 'scalar':
      writeScalar(writer, number, value, type.scalar)
      break
    case 'list':
      writeList(writer, number, value as unknown[], type)
      break
    case 'map':
      writeMap(writer, number, value as Members, type.values)
      break
    default: {
      const before = writer.length
      if (type.kind === 'union') writeUnion(writer, value, type.type)
      else writeObject(writer, value as Members, type.type)
      writer.lengthDelimited(number, before)
    }
  }
}

function writeList(
  writer: ReverseWriter,
  number: number,
  list: readonly unknown[],
  { items, boxed }: { items: FieldType; boxed?: boolean },
): void {
  const before = writer.length
  for (let index = list.length - 1; index >= 0; index--) writeField(writer, boxed ? 1 : number, list[index], items)
  if (boxed) writer.lengthDelimited(number, before)
}

/** An entry a key, sorted as upstream's encoder does. */
function writeMap(writer: ReverseWriter, number: number, map: Members, values: FieldType): void {
  for (const key of Object.keys(map).sort().reverse()) {
    const before = writer.length
    writeField(writer, 2, map[key], values)
    writer.string(key)
    writer.tag(1, wireType.bytes)
    writer.lengthDelimited(number, before)
  }
}

/** A value that one of the message's fields carries: JSONSchemaPropsOrBool `true` is `allows`. */
function writeUnion(writer: ReverseWriter, value: unknown, union: ObjectSchema): void {
  for (const { number, type } of union.fields.values()) {
    const isList = type.kind === 'list'
    const isBoolean = type.kind === 'scalar' && type.scalar === 'boolean'
    if (isList === Array.isArray(value) && isBoolean === (typeof value === 'boolean'))
      writeField(writer, number!, value, type)
    else if (isBoolean) writeField(writer, number!, true, type)
  }
}

function writeScalar(writer: ReverseWriter, number: number, value: unknown, scalar: ScalarType): void {
  switch (scalar) {
    case 'string':
      writer.string(value as string)
      writer.tag(number, wireType.bytes)
      break
    case 'boolean':
      writer.varint(value ? 1 : 0)
      writer.tag(number, wireType.varint)
      break
    case 'int32':
    case 'int64':
      writer.varint(value as number)
      writer.tag(number, wireType.varint)
      break
    case 'double':
      writer.double(value as number)
      writer.tag(number, wireType.fixed64)
      break
    case 'bytes':
      writeBytes(writer, number, Buffer.from(value as string, 'base64'))
      break
    default: {
      const before = writer.length
      writeWellKnown(writer, value, scalar)
      writer.lengthDelimited(number, before)
    }
  }
}

const nanosecondsPerMs = 1_000_000

/** The types that are messages in protobuf and scalars in JSON. */
function writeWellKnown(writer: ReverseWriter, value: unknown, scalar: ScalarType): void {
  switch (scalar) {
    case 'Quantity':
      writeScalar(writer, 1, value, 'string')
      break
    case 'Time':
    case 'MicroTime':
      writeTime(writer, value as string)
      break
    case 'IntOrString':
      writeIntOrString(writer, value as number | string)
      break
    case 'Duration':
      writeScalar(writer, 1, Math.round(parseGoDuration(value as string) * nanosecondsPerMs), 'int64')
      break
    default:
      writeBytes(writer, 1, Buffer.from(JSON.stringify(value)))
  }
}

/** Seconds and nanoseconds since 1970. */
function writeTime(writer: ReverseWriter, time: string): void {
  const nanos = Number((/\.(\d+)/.exec(time)?.[1] ?? '').padEnd(9, '0'))
  writeScalar(writer, 2, nanos, 'int32')
  writeScalar(writer, 1, Math.floor(Date.parse(time) / 1000), 'int64')
}

function writeIntOrString(writer: ReverseWriter, value: number | string): void {
  const isText = typeof value === 'string'
  writeScalar(writer, 3, isText ? value : '', 'string')
  writeScalar(writer, 2, isText ? 0 : value, 'int32')
  writeScalar(writer, 1, isText ? 1 : 0, 'int64')
}

function writeBytes(writer: ReverseWriter, number: number, bytes: Uint8Array): void {
  const before = writer.length
  writer.bytes(bytes)
  writer.lengthDelimited(number, before)
}
