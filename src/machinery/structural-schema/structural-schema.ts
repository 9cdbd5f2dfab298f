import type { JsonSchema, ValidationRule } from './json-schema.ts'

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
  readonly format?: string
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly multipleOf?: number
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
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
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  return {
    types: typesOf(schema),
    nullable: schema.nullable === true,
    default: schema.default ?? undefined,
    properties: new Map(
      Object.entries(schema.properties ?? {}).map(([name, one]) => [name, parseStructuralSchema(one)]),
    ),
    additionalProperties: parseAdditional(schema.additionalProperties),
    items: parseItems(schema.items),
    preserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embeddedResource: schema['x-kubernetes-embedded-resource'] === true,
    intOrString,
    listType: schema['x-kubernetes-list-type'],
    listMapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    mapType: schema['x-kubernetes-map-type'],
    rules: schema['x-kubernetes-validations'] ?? [],
    required: schema.required ?? [],
    allOf: (schema.allOf ?? []).map(parseStructuralSchema),
    anyOf: (schema.anyOf ?? []).map(parseStructuralSchema),
    oneOf: (schema.oneOf ?? []).map(parseStructuralSchema),
    not: schema.not && parseStructuralSchema(schema.not),
    checks: checksOf(schema),
  }
}

/** The schema of an object of which nothing is known. */
export const emptySchema: StructuralSchema = parseStructuralSchema({})

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

/** The keys of `ValueChecks`. */
const checkNames = [
  'format',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'multipleOf',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'maxProperties',
  'minProperties',
  'enum',
] as const satisfies readonly (keyof ValueChecks)[]

function checksOf(schema: JsonSchema): ValueChecks {
  const present = checkNames.filter((name) => schema[name] !== undefined).map((name) => [name, schema[name]])
  return Object.fromEntries(present)
}

function refuseUnsupported(schema: JsonSchema): void {
  const set = (['id', '$schema', '$ref'] as const).find((name) => schema[name])
  const filled = (['patternProperties', 'dependencies', 'definitions'] as const).find(
    (name) => Object.keys(schema[name] ?? {}).length > 0,
  )
  const name = set ?? filled ?? (schema.additionalItems !== undefined ? 'additionalItems' : undefined)
  if (name === undefined) return
  throw new NotStructuralError(`OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`)
}
