import { decodeOwned } from '../decode.ts'
import { formatGoDuration } from '../go-duration.ts'
import type { FieldType, ObjectSchema, ScalarType } from '../schema.ts'
import { formatTime } from '../time.ts'
import { layoutOf } from './layout.ts'
import { ProtobufError, Reader, wireType } from './wire.ts'

type Members = Record<string, unknown>

/** Deeper messages are refused: JSONSchemaProps alone can hold itself. */
const largestDepth = 200

/** A canonical object of a message without envelope. Throws ProtobufError and DecodeError. */
export function decodeMessage(bytes: Uint8Array, schema: ObjectSchema): Members {
  const members = newMembers()
  readObject({ bytes, schema, into: members, depth: 0 })
  return decodeOwned(members, schema).object
}

/** Without a prototype, so that any key is only a key. */
const newMembers = (): Members => Object.create(null)

interface MessageSource {
  readonly bytes: Uint8Array
  readonly schema: ObjectSchema
  readonly into: Members
  readonly depth: number
}

function readObject({ bytes, schema, into, depth }: MessageSource): void {
  if (depth > largestDepth) throw new ProtobufError('proto: exceeded max depth')
  const { byNumber } = layoutOf(schema)
  const reader = new Reader(bytes)
  while (!reader.done) {
    const tag = reader.varint()
    const slot = byNumber.get(Math.floor(tag / 8))
    if (slot === undefined) reader.skip(tag % 8)
    else if (slot.inline !== undefined)
      readObject({ bytes: reader.bytes(), schema: slot.inline, into, depth: depth + 1 })
    else {
      const { name, type } = slot.field
      into[name] = readField({ reader, wire: tag % 8, type, known: into[name], depth })
    }
  }
}

interface FieldSource {
  readonly reader: Reader
  readonly wire: number
  readonly type: FieldType
  /** What earlier entries of a repeated field have made. */
  readonly known: unknown
  readonly depth: number
}

function readField({ reader, wire, type, known, depth }: FieldSource): unknown {
  switch (type.kind) {
    case 'scalar':
      return readScalar(reader, wire, type.scalar)
    case 'list':
      return readList({ reader, wire, type: type.items, known, depth }, type.boxed === true)
    case 'map':
      return readEntry((known as Members) ?? newMembers(), reader.bytes(), type.values, depth)
    case 'union':
      return readUnion(reader.bytes(), type.type, depth)
    case 'object': {
      const members = (known as Members) ?? newMembers()
      readObject({ bytes: reader.bytes(), schema: type.type, into: members, depth: depth + 1 })
      return members
    }
  }
}

function readList(source: FieldSource, boxed: boolean): unknown[] {
  const list = (source.known as unknown[]) ?? []
  const { reader, wire, type, depth } = source
  if (boxed) {
    const items = new Reader(reader.bytes())
    while (!items.done)
      list.push(readField({ reader: items, wire: items.varint() % 8, type, known: undefined, depth: depth + 1 }))
  } else if (wire === wireType.bytes && isPackable(type)) {
    const packed = new Reader(reader.bytes())
    while (!packed.done) list.push(packed.varint())
  } else list.push(readField({ reader, wire, type, known: undefined, depth }))
  return list
}

/** Numbers of a list may come as one field. */
function isPackable(type: FieldType): boolean {
  return type.kind === 'scalar' && (type.scalar === 'int32' || type.scalar === 'int64')
}

function readEntry(map: Members, bytes: Uint8Array, type: FieldType, depth: number): Members {
  const reader = new Reader(bytes)
  let key = ''
  let value: unknown
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === 10) key = reader.string()
    else if (Math.floor(tag / 8) === 2)
      value = readField({ reader, wire: tag % 8, type, known: value, depth: depth + 1 })
    else reader.skip(tag % 8)
  }
  map[key] = value ?? null
  return map
}

/** The schema or list where there is one, the boolean otherwise. */
function readUnion(bytes: Uint8Array, union: ObjectSchema, depth: number): unknown {
  const members = newMembers()
  readObject({ bytes, schema: union, into: members, depth: depth + 1 })
  const { allows, ...others } = members
  return Object.values(others)[0] ?? allows ?? false
}

function readScalar(reader: Reader, wire: number, scalar: ScalarType): unknown {
  const expected = scalarWire[scalar] ?? wireType.bytes
  if (wire !== expected) throw new ProtobufError(`proto: wrong wireType = ${wire} for a field of type ${scalar}`)
  switch (scalar) {
    case 'string':
      return reader.string()
    case 'boolean':
      return reader.varint() !== 0
    case 'int32':
    case 'int64':
      return reader.varint()
    case 'double':
      return reader.double()
    case 'bytes':
      return reader.bytes().toString('base64')
    default:
      return readWellKnown(reader.bytes(), scalar)
  }
}

const scalarWire: Partial<Record<ScalarType, number>> = {
  boolean: wireType.varint,
  int32: wireType.varint,
  int64: wireType.varint,
  double: wireType.fixed64,
}

const nanosecondsPerMs = 1_000_000

function readWellKnown(bytes: Buffer, scalar: ScalarType): unknown {
  switch (scalar) {
    case 'Quantity':
      return (readParts(bytes)[1] as Buffer | undefined)?.toString('utf8') ?? '0'
    case 'Time':
    case 'MicroTime':
      return readTime(bytes, scalar)
    case 'Duration':
      return formatGoDuration(((readParts(bytes)[1] as number | undefined) ?? 0) / nanosecondsPerMs)
    case 'IntOrString': {
      const parts = readParts(bytes)
      return parts[1] === 1 ? ((parts[3] as Buffer | undefined)?.toString('utf8') ?? '') : (parts[2] ?? 0)
    }
    default:
      return readRaw(readParts(bytes)[1] as Buffer | undefined)
  }
}

/** Go's zero time is an empty message. */
function readTime(bytes: Buffer, scalar: 'Time' | 'MicroTime'): string | null {
  if (bytes.length === 0) return null
  const parts = readParts(bytes)
  const time = formatTime(((parts[1] as number | undefined) ?? 0) * 1000)
  if (scalar === 'Time') return time
  const micros = Math.floor(((parts[2] as number | undefined) ?? 0) / 1000)
  return `${time.slice(0, -1)}.${String(micros).padStart(6, '0')}Z`
}

function readRaw(bytes: Buffer | undefined): unknown {
  if (bytes === undefined || bytes.length === 0) return null
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new ProtobufError('raw extension is not JSON', { cause: error })
  }
}

/** The fields of a small message by number. */
function readParts(bytes: Buffer): Record<number, number | Buffer> {
  const reader = new Reader(bytes)
  const parts: Record<number, number | Buffer> = {}
  while (!reader.done) {
    const tag = reader.varint()
    const wire = tag % 8
    if (wire === wireType.varint) parts[Math.floor(tag / 8)] = reader.varint()
    else if (wire === wireType.bytes) parts[Math.floor(tag / 8)] = reader.bytes()
    else reader.skip(wire)
  }
  return parts
}
