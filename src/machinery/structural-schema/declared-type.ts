import { escapeProperty } from '../cel/escaping.ts'
import {
  boolType,
  bounded,
  bytesType,
  type CelField,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  objectType,
  stringType,
  timestampType,
} from '../cel/types.ts'
import { additionalSchema, parseStructuralSchema, type StructuralSchema } from './structural-schema.ts'

/** What expressions know of values: their type, with the most elements they can have, and the least JSON they take. */
export interface DeclaredType {
  readonly type: CelType
  /** In bytes; costs of rules are estimated by how many such values a request can hold. */
  readonly minSerializedSize: number
}

export interface DeclareOptions {
  /** Of object types, which have no name of their own; those below are named after their place. */
  readonly name: string
  /** The schema is of a whole object: its kind, apiVersion and name are known. */
  readonly isResourceRoot: boolean
}

/** Upstream's idea of the largest request, whatever this server takes. */
export const maxRequestBytes = 3 * 1024 * 1024

/**
 * The type of a schema's values, or `undefined` where expressions may not see them: where nothing is said of what
 * they hold. After SchemaDeclType of apiserver pkg/cel/common schemas.go v1.36.
 */
export function declareType(schema: StructuralSchema, options: DeclareOptions): DeclaredType | undefined {
  if (schema.intOrString) {
    const { maxLength } = schema.checks
    const most = maxLength === undefined ? maxRequestBytes - quotes : Math.max(maxLength, 0) * bytesPerCharacter
    return { type: bounded(dynType, most), minSerializedSize: 1 }
  }
  return declarations.get(schema.types[0] ?? '')?.(schema, options)
}

/** A schema with what every object has: kind, apiVersion and names. After WithTypeAndObjectMeta. */
export function withObjectMeta(schema: StructuralSchema): StructuralSchema {
  const properties = new Map(schema.properties)
  const metadata = properties.get('metadata')
  const isText = (one: StructuralSchema | undefined) => one?.types[0] === 'string'
  const isComplete =
    ['kind', 'apiVersion'].every((name) => isText(properties.get(name))) &&
    ['name', 'generateName'].every((name) => isText(metadata?.properties.get(name)))
  if (isComplete) return schema
  properties.set('kind', text).set('apiVersion', text).set('metadata', namesOnly)
  return { ...schema, properties }
}

const text = parseStructuralSchema({ type: 'string' })
const namesOnly = parseStructuralSchema({
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
})

const quotes = 2
const bytesPerCharacter = 4
/** Sizes in JSON, after apiserver pkg/cel limits.go. */
const dateBytes = 12
const maxTimeBytes = 32
const minTimeBytes = 21
const minDurationBytes = 3

type Declare = (schema: StructuralSchema, options: DeclareOptions) => DeclaredType | undefined

const declarations: ReadonlyMap<string, Declare> = new Map<string, Declare>([
  ['array', declareList],
  ['object', declareObject],
  ['string', declareString],
  ['boolean', () => ({ type: bounded(boolType, 0), minSerializedSize: 4 })],
  ['number', () => ({ type: bounded(doubleType, 0), minSerializedSize: 1 })],
  ['integer', () => ({ type: bounded(intType, 0), minSerializedSize: 1 })],
])

function declareList(schema: StructuralSchema, { name }: DeclareOptions): DeclaredType | undefined {
  const { items, checks } = schema
  const element = items && declareType(items, { name: `${name}.@idx`, isResourceRoot: items.embeddedResource })
  if (element === undefined) return undefined
  const most = Math.max(checks.maxItems ?? fitting(element.minSerializedSize + 1), 0)
  const isAssociative = schema.listType === 'set' || schema.listType === 'map'
  const type = listType(element.type, {
    maxElements: most,
    ...(isAssociative && { listType: schema.listType as 'set' | 'map' }),
    ...(schema.listType === 'map' && { mapKeys: schema.listMapKeys }),
  })
  return { type, minSerializedSize: 2 }
}

function declareObject(schema: StructuralSchema, options: DeclareOptions): DeclaredType | undefined {
  const values = additionalSchema(schema)
  if (values !== undefined) return declareMap(values, schema, options.name)
  const { properties, required } = options.isResourceRoot ? withObjectMeta(schema) : schema
  const fields = new Map<string, CelField>()
  let minSerializedSize = 2
  for (const [name, property] of properties) {
    const field = escapeProperty(name)
    const place = { name: `${options.name}.${field ?? name}`, isResourceRoot: property.embeddedResource }
    const declared = declareType(property, place)
    if (declared === undefined) continue
    if (field !== undefined) fields.set(field, { type: declared.type, ...(field !== name && { jsonName: name }) })
    // Quotes, colon and comma. What has a default may be left out.
    if (required.includes(name) && property.default === undefined)
      minSerializedSize += Buffer.byteLength(name) + declared.minSerializedSize + 4
  }
  const type = bounded(
    objectType(options.name, (name) => fields.get(name)),
    0,
  )
  return { type, minSerializedSize }
}

function declareMap(values: StructuralSchema, { checks }: StructuralSchema, name: string): DeclaredType | undefined {
  const value = declareType(values, { name: `${name}.@elem`, isResourceRoot: values.embeddedResource })
  if (value === undefined) return undefined
  const most = Math.max(checks.maxProperties ?? fitting(value.minSerializedSize + 6), 0)
  return { type: mapType(bounded(stringType, 0), value.type, { maxElements: most }), minSerializedSize: 2 }
}

/** How many values of so many bytes a request can hold. */
function fitting(bytes: number): number {
  return Math.floor((maxRequestBytes - 2) / bytes)
}

function declareString({ checks }: StructuralSchema): DeclaredType {
  const { format, maxLength } = checks
  switch (format) {
    case 'byte':
      return sized(bytesType, maxLength === undefined ? maxRequestBytes - quotes : Math.max(maxLength, 0), quotes)
    case 'duration':
      return sized(durationType, maxTimeBytes, minDurationBytes)
    case 'date':
      return sized(timestampType, dateBytes, dateBytes)
    case 'date-time':
      return sized(timestampType, maxTimeBytes, minTimeBytes)
    default:
      return sized(stringType, longestText(checks), quotes)
  }
}

function sized(type: CelType, maxElements: number, minSerializedSize: number): DeclaredType {
  return { type: bounded(type, maxElements), minSerializedSize }
}

function longestText({ maxLength, enum: values = [] }: StructuralSchema['checks']): number {
  if (maxLength !== undefined) return Math.max(maxLength, 0) * bytesPerCharacter
  if (values.length === 0) return maxRequestBytes - quotes
  return Math.max(...values.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)))
}
