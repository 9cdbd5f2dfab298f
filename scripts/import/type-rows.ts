import { type FieldRow, goTypeName, isStructValue, type TypeRow } from '../../src/api/schema/table.ts'
import type { GoField, GoPackage } from './go-structs.ts'
import { packages, type UpstreamPackage } from './packages.ts'

export interface OpenApiType {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly items?: OpenApiType
  readonly additionalProperties?: OpenApiType
  readonly properties?: Readonly<Record<string, OpenApiType>>
  readonly required?: readonly string[]
  readonly [extension: `x-kubernetes-${string}`]: unknown
}

export interface ProtoField {
  readonly number: number
  readonly type: string
  readonly label: 'optional' | 'repeated' | 'map'
}

export type ProtoMessages = Readonly<Record<string, Readonly<Record<string, ProtoField>>>>

/** All that is known of one package, side by side. */
export interface PackageFacts {
  readonly upstream: UpstreamPackage
  /** Definitions of OpenAPI v2 by their full name; they know enums and required fields. */
  readonly definitions: Readonly<Record<string, OpenApiType>>
  /** Schemas of the OpenAPI v3 document; they know defaults. */
  readonly schemas: Readonly<Record<string, OpenApiType>>
  readonly messages: ProtoMessages
  readonly structs: GoPackage
}

/** Types with a JSON form of their own: no row, a scalar. */
const scalars = new Set([
  'Quantity',
  'Time',
  'MicroTime',
  'IntOrString',
  'FieldsV1',
  'RawExtension',
  'JSON',
  'Duration',
])

const unions = new Set(['JSONSchemaPropsOrArray', 'JSONSchemaPropsOrBool', 'JSONSchemaPropsOrStringArray'])

/** Members that JSON shows inline but that are one message of their own in protobuf. */
const inlineMembers = new Set([
  'volumeSource',
  'persistentVolumeSource',
  'handler',
  'localObjectReference',
  'ephemeralContainerCommon',
  'ingressRuleValue',
  'rule',
  'ruleWithOperations',
  'deviceConfiguration',
])

/** Where a JSON field stands in protobuf. */
interface ProtoPlace extends ProtoField {
  readonly protoName: string
  readonly inline: string
}

/** The rows of every type of the package, by short name, sorted by name. */
export function typeRows(facts: PackageFacts): Record<string, TypeRow> {
  const prefix = `${facts.upstream.openapi}.`
  const names = Object.keys(facts.definitions)
    .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('.'))
    .map((name) => name.slice(prefix.length))
    .filter((name) => !scalars.has(name) && name !== 'Patch')
  const rows: [string, TypeRow][] = [...names, ...protoOnlyNames(facts)]
    .sort()
    .map((name) => [name, typeRow(facts, name)])
  return Object.fromEntries(rows)
}

function protoOnlyNames({ upstream, messages }: PackageFacts): string[] {
  const wanted = upstream.protoOnly ?? []
  if (!wanted.includes('*')) return [...wanted]
  const prefix = `${upstream.proto}.`
  return Object.keys(messages)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
}

function typeRow(facts: PackageFacts, name: string): TypeRow {
  const definition = facts.definitions[`${facts.upstream.openapi}.${name}`]
  const places = protoPlaces(facts.messages, `${facts.upstream.proto}.${name}`)
  const goFields = facts.structs.get(name) ?? []
  if (definition === undefined) return protoOnlyRow(facts, name, places, goFields)
  const properties = definition.properties ?? {}
  const typeMeta = 'apiVersion' in properties && 'kind' in properties && !places.fields.has('kind')
  const fieldNames = unions.has(name)
    ? [...places.fields.keys()]
    : inGoOrder(Object.keys(properties), goFields).filter((field) => !typeMeta || !isTypeMeta(field))
  const fields = fieldNames.map((field): [string, FieldRow] => [
    field,
    fieldRow({
      facts,
      property: properties[field],
      schema: facts.schemas[`${facts.upstream.openapi}.${name}`]?.properties?.[field],
      place: places.fields.get(looseName(field)),
      go: goFields.find((candidate) => candidate.name === field),
      field,
      required: definition.required?.includes(field) ?? false,
    }),
  ])
  return {
    ...(typeMeta ? { typeMeta: true } : {}),
    ...kindOf(definition, facts.upstream),
    ...pick(definition, { 'x-kubernetes-map-type': 'mapType', 'x-kubernetes-unions': 'unions' }),
    ...(unions.has(name) ? { union: true } : {}),
    ...(places.inline.size === 0 ? {} : { inline: Object.fromEntries(places.inline) }),
    fields: Object.fromEntries(fields),
  }
}

/** A type that OpenAPI does not list: every message field, typed by protobuf, optional as Go says. */
function protoOnlyRow(facts: PackageFacts, name: string, places: ProtoPlaces, goFields: readonly GoField[]): TypeRow {
  const fields = goFields.map((go): [string, FieldRow] => {
    const place = places.fields.get(looseName(go.name))
    const required = !go.omitEmpty && !go.pointer && !isStruct(facts, place)
    return [go.name, fieldRow({ facts, property: undefined, schema: undefined, place, go, field: go.name, required })]
  })
  const kinds =
    facts.upstream.group === 'admission.k8s.io'
      ? name === 'AdmissionReview'
      : /^(APIGroupDiscovery|PartialObjectMetadata|\w+Options$)/.test(name)
  return { ...(kinds ? { typeMeta: true, kind: true } : {}), fields: Object.fromEntries(fields) }
}

function isStruct({ structs }: PackageFacts, place: ProtoPlace | undefined): boolean {
  if (place === undefined || place.label !== 'optional') return false
  const type = place.type.split('.').at(-1)!
  return place.type.includes('.') && !scalars.has(type) && (structs.has(type) || place.type.includes('meta.v1'))
}

const isTypeMeta = (field: string) => field === 'apiVersion' || field === 'kind'

function inGoOrder(names: readonly string[], goFields: readonly GoField[]): string[] {
  const position = new Map(goFields.map(({ name }, index) => [name, index]))
  return [...names].sort((a, b) => (position.get(a) ?? -1) - (position.get(b) ?? -1))
}

interface ProtoPlaces {
  /** By `looseName`. */
  readonly fields: Map<string, ProtoPlace>
  readonly inline: Map<string, { readonly number: number; readonly type: string }>
}

/** JSON and protobuf differ in case and signs: `apiGroup` and `aPIGroup`, `x-kubernetes-int-or-string` and `xKubernetesIntOrString`. */
function looseName(name: string): string {
  return name.replace(/[-$]/g, '').toLowerCase()
}

function protoPlaces(messages: ProtoMessages, message: string, inside = ''): ProtoPlaces {
  const fields = new Map<string, ProtoPlace>()
  const inline = new Map<string, { readonly number: number; readonly type: string }>()
  for (const [protoName, field] of Object.entries(messages[message] ?? {})) {
    const path = inside === '' ? protoName : `${inside}.${protoName}`
    if (!inlineMembers.has(protoName) || !field.type.includes('.')) {
      fields.set(looseName(protoName), { ...field, protoName, inline: inside })
      continue
    }
    inline.set(path, { number: field.number, type: field.type.split('.').at(-1)! })
    const nested = protoPlaces(messages, field.type, path)
    for (const [name, place] of nested.fields) fields.set(name, place)
    for (const [name, message] of nested.inline) inline.set(name, message)
  }
  return { fields, inline }
}

interface FieldFacts {
  readonly facts: PackageFacts
  readonly field: string
  readonly property: OpenApiType | undefined
  readonly schema: OpenApiType | undefined
  readonly place: ProtoPlace | undefined
  readonly go: GoField | undefined
  readonly required: boolean
}

function fieldRow(known: FieldFacts): FieldRow {
  const { facts, field, property, schema, place, go, required } = known
  const plain = property === undefined ? protoType(facts, place!) : openApiType(facts, property)
  const boxed = property?.type === 'array' && place?.label === 'optional' ? `&${plain}` : plain
  const type = go?.pointer && !/^(\[|map)/.test(plain) ? `*${plain}` : boxed
  const enumeration = property?.enum ?? property?.items?.enum
  return {
    ...(place === undefined ? {} : { number: place.number }),
    ...(place === undefined || place.protoName === field ? {} : { protoName: place.protoName }),
    ...(place === undefined || place.inline === '' ? {} : { in: place.inline }),
    type: property?.additionalProperties?.type === 'array' ? type.replace('map[string]', 'map[string]&') : type,
    ...(go === undefined || go.type === goTypeName(type, facts.upstream.version) ? {} : { goType: go.type }),
    ...(required ? { required: true } : {}),
    ...emptyRule(type, required, go),
    ...defaultRule(schema?.default, go),
    ...(enumeration === undefined ? {} : { enum: enumeration }),
    ...pick(property ?? {}, {
      'x-kubernetes-list-type': 'listType',
      'x-kubernetes-list-map-keys': 'listMapKeys',
      'x-kubernetes-map-type': 'mapType',
    }),
    ...patchRule(property),
  }
}

function patchRule(property: OpenApiType | undefined): Partial<FieldRow> {
  const strategy = property?.['x-kubernetes-patch-strategy'] as string | undefined
  return {
    ...(strategy === undefined ? {} : { patchStrategy: strategy.split(',') as ('merge' | 'replace' | 'retainKeys')[] }),
    ...pick(property ?? {}, { 'x-kubernetes-patch-merge-key': 'patchMergeKey' }),
  }
}

/** Says when empty is kept where the rule of `schema.ts` (required fields and struct values) would say otherwise. */
function emptyRule(type: string, required: boolean, go: GoField | undefined): Partial<FieldRow> {
  if (go === undefined) return {}
  const structValue = isStructValue(type)
  // `omitempty` does nothing for a struct.
  const kept = structValue ? !go.omitZero : !(go.omitEmpty || go.omitZero)
  return kept === (structValue || (required && !go.pointer)) ? {} : { empty: kept ? 'kept' : 'omitted' }
}

function openApiType(facts: PackageFacts, property: OpenApiType): string {
  if (property.$ref !== undefined) return refType(facts, property.$ref.replace(/^#\/.*\//, ''))
  if (property.type === 'array') return `[]${openApiType(facts, property.items!)}`
  if (property.type === 'object' && property.additionalProperties !== undefined)
    return `map[string]${openApiType(facts, property.additionalProperties)}`
  const scalar = { string: 'string', boolean: 'boolean', integer: property.format ?? 'int64', number: 'double' }[
    property.type!
  ]
  if (scalar === undefined) throw new Error(`no type for ${JSON.stringify(property)}`)
  return property.format === 'byte' ? 'bytes' : scalar
}

function protoType(facts: PackageFacts, place: ProtoPlace): string {
  const base = place.type.includes('.')
    ? refType(facts, place.type.replace('k8s.io', 'io.k8s').replaceAll('_', '-'))
    : place.type === 'bool'
      ? 'boolean'
      : place.type
  return place.label === 'repeated' ? `[]${base}` : place.label === 'map' ? `map[string]${base}` : base
}

/** The name as this package's table writes it: plain for its own types and scalars, `table.Name` for others. */
function refType({ upstream }: PackageFacts, definition: string): string {
  const name = definition.split('.').at(-1)!
  if (scalars.has(name)) return name
  const home = packages.find(({ openapi }) => definition === `${openapi}.${name}`)
  if (home === undefined) throw new Error(`${upstream.table}: no table for ${definition}`)
  return home.table === upstream.table ? name : `${home.table}.${name}`
}

function kindOf(definition: OpenApiType, { group, version }: UpstreamPackage): Pick<TypeRow, 'kind'> {
  const kinds = definition['x-kubernetes-group-version-kind'] as { group: string; version: string }[] | undefined
  if (kinds === undefined) return {}
  const own = kinds.length === 1 && kinds[0]!.group === group && kinds[0]!.version === version
  return {
    kind: own ? true : kinds.map((kind) => (kind.group === '' ? kind.version : `${kind.group}/${kind.version}`)),
  }
}

/** Zero defaults of what Go always writes need no saying. */
function defaultRule(value: unknown, go: GoField | undefined): Partial<FieldRow> {
  const implied = JSON.stringify(value) === '{}' || (isZero(value) && go?.omitEmpty === false && !go.pointer)
  return value === undefined || implied ? {} : { default: value }
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false
}

function pick(source: OpenApiType, names: Readonly<Record<`x-kubernetes-${string}`, string>>): Record<string, never> {
  const found = Object.entries(names).filter(([extension]) => source[extension as 'x-kubernetes-'] !== undefined)
  return Object.fromEntries(found.map(([extension, name]) => [name, source[extension as 'x-kubernetes-'] as never]))
}
