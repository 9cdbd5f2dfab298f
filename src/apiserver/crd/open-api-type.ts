import type { JsonSchema } from '../../machinery/structural-schema/json-schema.ts'
import { NotStructuralError, parseStructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import { objectDescriptions } from '../openapi/object-descriptions.ts'

type Node = Record<string, unknown>

export interface OpenApiTypeOptions {
  readonly schema: JsonSchema | undefined
  readonly dialect: 'v2' | 'v3'
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string }
  /** Paths without the dot they begin with. */
  readonly selectableFields: readonly string[]
}

/**
 * What OpenAPI shows of a custom resource: its schema, with what all objects have. In v2, whose readers understand
 * less, what they could misread is left out. After apiextensions-apiserver controller/openapi/builder and v2 v1.36.
 */
export function openApiType(options: OpenApiTypeOptions): Node {
  const { groupVersionKind, selectableFields } = options
  return {
    ...objectType(options),
    'x-kubernetes-group-version-kind': [groupVersionKind],
    ...(selectableFields.length > 0 && {
      'x-kubernetes-selectable-fields': selectableFields.map((fieldPath) => ({ fieldPath })),
    }),
  }
}

function objectType({ schema, dialect }: OpenApiTypeOptions): Node {
  const isOpen = schema?.['x-kubernetes-preserve-unknown-fields'] === true
  if (!schema || !isStructural(schema) || (dialect === 'v2' && isOpen)) return { type: 'object' }
  const node = typeNode(schema, dialect)
  return { ...node, properties: { ...(node.properties as Node | undefined), ...objectProperties(dialect) } }
}

function isStructural(schema: JsonSchema): boolean {
  try {
    parseStructuralSchema(schema)
    return true
  } catch (error) {
    if (error instanceof NotStructuralError) return false
    throw error
  }
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

function objectProperties(dialect: 'v2' | 'v3'): Node {
  const place = dialect === 'v2' ? '#/definitions/' : '#/components/schemas/'
  const reference = { $ref: place + objectMeta }
  return {
    apiVersion: { description: objectDescriptions.apiVersion, type: 'string' },
    kind: { description: objectDescriptions.kind, type: 'string' },
    // In v3 nothing may stand beside a reference.
    metadata: { description: objectDescriptions.metadata, ...(dialect === 'v2' ? reference : { allOf: [reference] }) },
  }
}

function typeNode(schema: JsonSchema, dialect: 'v2' | 'v3'): Node {
  const { items, properties, additionalProperties, ...rest } = unfolded(schema)
  const node: Node = { ...rest }
  if (items) node.items = typeNode(items as JsonSchema, dialect)
  if (properties) node.properties = mapValues(properties, (one) => typeNode(one, dialect))
  if (additionalProperties !== undefined) {
    node.additionalProperties =
      typeof additionalProperties === 'object' ? typeNode(additionalProperties, dialect) : additionalProperties
  }
  const shown = dialect === 'v2' ? withoutMisreadable(node, schema) : node
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (!schema['x-kubernetes-embedded-resource'] || (dialect === 'v2' && isOpen)) return shown
  return withObjectProperties(shown, dialect)
}

function withObjectProperties(node: Node, dialect: 'v2' | 'v3'): Node {
  const required = (node.required ?? []) as readonly string[]
  const missing = ['kind', 'apiVersion'].filter((name) => !required.includes(name))
  return {
    ...node,
    properties: { ...(node.properties as Node | undefined), ...objectProperties(dialect) },
    required: [...required, ...missing],
  }
}

function mapValues<T>(members: Readonly<Record<string, T>>, map: (value: T) => unknown): Node {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, map(value)]))
}

const intOrString: readonly JsonSchema[] = [{ type: 'integer' }, { type: 'string' }]

/** An int-or-string says so in words that OpenAPI has. After structural schema unfold.go. */
function unfolded(schema: JsonSchema): JsonSchema {
  if (!schema['x-kubernetes-int-or-string']) return schema
  const { anyOf, allOf = [] } = schema
  if (anyOf === undefined) return { ...schema, anyOf: intOrString }
  if (isIntOrString(anyOf) || isIntOrString(allOf[0]?.anyOf)) return schema
  return { ...schema, allOf: [{ anyOf: intOrString }, ...allOf] }
}

function isIntOrString(anyOf: readonly JsonSchema[] | undefined): boolean {
  return anyOf?.length === 2 && anyOf[0]?.type === 'integer' && anyOf[1]?.type === 'string'
}

/** After controller/openapi/v2 conversion.go ToStructuralOpenAPIV2. */
function withoutMisreadable(node: Node, schema: JsonSchema): Node {
  const { allOf: _allOf, anyOf: _anyOf, oneOf: _oneOf, not: _not, nullable, required, ...shown } = node
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (nullable || isOpen) {
    delete shown.items
    delete shown.properties
  }
  const isBareList = shown.type === 'array' && shown.items === undefined
  if (nullable || isBareList || (isOpen && shown.type === 'object')) delete shown.type
  const kept = requiredFields(schema)
  return kept.length > 0 ? { ...shown, required: kept } : shown
}

/** A field that may be null cannot be asked for. */
function requiredFields({ required = [], properties = {}, additionalProperties, nullable, ...rest }: JsonSchema) {
  if (typeof additionalProperties === 'object' && additionalProperties.nullable) return []
  const areShown = !nullable && !rest['x-kubernetes-preserve-unknown-fields']
  return areShown ? required.filter((name) => !properties[name]?.nullable) : required
}
