import { isSupportedFormat } from './formats.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { Pattern } from './pattern.ts'

/**
 * A schema as the server works with it: parsed once, without descriptions, with what is absent filled in. Every
 * value has at most one place in it, so that values can be pruned, defaulted and merged by it. Branches of `allOf`,
 * `anyOf`, `oneOf` and `not` only restrict values. After apiextensions-apiserver pkg/apiserver/schema structural.go.
 */
export interface StructuralSchema {
  /** Empty: any type. Two of them for an int-or-string. */
  readonly types: readonly string[]
  readonly nullable: boolean
  /** `undefined`: none. Null defaults count as none, as upstream has it. */
  readonly default: unknown
  readonly properties: ReadonlyMap<string, StructuralSchema>
  /** `true`: any further member is known, but not what is in it. */
  readonly additionalProperties: StructuralSchema | boolean | undefined
  readonly items: StructuralSchema | undefined
  readonly preserveUnknownFields: boolean
  readonly embeddedResource: boolean
  readonly intOrString: boolean
  readonly listType: string | undefined
  readonly listMapKeys: readonly string[]
  readonly mapType: string | undefined
  readonly rules: readonly ValidationRule[]
  readonly required: readonly string[]
  readonly allOf: readonly StructuralSchema[]
  readonly anyOf: readonly StructuralSchema[]
  readonly oneOf: readonly StructuralSchema[]
  readonly not: StructuralSchema | undefined
  /** The restrictions of single values: bounds, lengths, pattern, format, enum. */
  readonly checks: ValueChecks
}

export interface ValueChecks {
  /** One that the server checks: others are ignored, and are not here. */
  readonly format?: string
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly multipleOf?: number
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: Pattern
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly enum?: readonly unknown[]
}

/** Why a schema is not structural; the message is upstream's. */
export class NotStructuralError extends Error {}

/** Throws NotStructuralError. After NewStructural of convert.go. */
export function parseStructuralSchema(schema: JsonSchema): StructuralSchema {
  refuseUnsupported(schema)
  const types = typesOf(schema)
  return {
    types,
    nullable: schema.nullable === true,
    default: schema.default ?? undefined,
    properties: new Map(
      Object.entries(schema.properties ?? {}).map(([name, one]) => [name, parseStructuralSchema(one)]),
    ),
    additionalProperties: parseAdditional(schema.additionalProperties),
    items: parseItems(schema.items),
    preserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embeddedResource: schema['x-kubernetes-embedded-resource'] === true,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    listType: schema['x-kubernetes-list-type'],
    listMapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    mapType: schema['x-kubernetes-map-type'],
    rules: schema['x-kubernetes-validations'] ?? [],
    required: schema.required ?? [],
    allOf: (schema.allOf ?? []).map(parseStructuralSchema),
    anyOf: (schema.anyOf ?? []).map(parseStructuralSchema),
    oneOf: (schema.oneOf ?? []).map(parseStructuralSchema),
    not: schema.not && parseStructuralSchema(schema.not),
    checks: checksOf(schema, types),
  }
}

/** The schema of the member `name` of an object; `undefined` when the schema says nothing about it. */
export function memberSchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  return schema.properties.get(name) ?? additionalSchema(schema)
}

export function additionalSchema({ additionalProperties }: StructuralSchema): StructuralSchema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string']
  return schema.type ? [schema.type] : []
}

function parseAdditional(additional: JsonSchema | boolean | undefined): StructuralSchema | boolean | undefined {
  return typeof additional === 'object' ? parseStructuralSchema(additional) : additional
}

function parseItems(items: JsonSchema['items']): StructuralSchema | undefined {
  if (items === undefined) return undefined
  if (isList(items)) throw new NotStructuralError("OpenAPIV3Schema 'items' must be a schema, but is an array")
  return parseStructuralSchema(items)
}

function isList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items)
}

/** The keys of `ValueChecks` that are taken over as they are. */
const checkNames = [
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'multipleOf',
  'maxLength',
  'minLength',
  'maxItems',
  'minItems',
  'uniqueItems',
  'maxProperties',
  'minProperties',
  'enum',
] as const satisfies readonly (keyof ValueChecks)[]

function checksOf(schema: JsonSchema, types: readonly string[]): ValueChecks {
  const { format, pattern } = schema
  return {
    ...Object.fromEntries(checkNames.filter((name) => schema[name] !== undefined).map((name) => [name, schema[name]])),
    ...(format && isSupportedFormat(format, types) && { format }),
    ...(pattern && { pattern: new Pattern(pattern) }),
  }
}

function refuseUnsupported(schema: JsonSchema): void {
  const set = (['id', '$schema', '$ref'] as const).find((name) => schema[name])
  const filled = (['patternProperties', 'dependencies', 'definitions'] as const).find(
    (name) => Object.keys(schema[name] ?? {}).length > 0,
  )
  const name = set ?? filled ?? (schema.additionalItems !== undefined ? 'additionalItems' : undefined)
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    throw new NotStructuralError("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined")
  if (name === undefined) return
  throw new NotStructuralError(`OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`)
}

/** The schema of an object of which nothing is known. */
export const emptySchema: StructuralSchema = parseStructuralSchema({})
