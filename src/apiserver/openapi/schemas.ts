import { schemaOf } from '../../api/schema/schema.ts'
import type { FieldSchema, FieldType, ObjectSchema, ScalarType } from '../../machinery/schema.ts'
import { metadataDescriptions, objectDescriptions } from './object-descriptions.ts'

/** A part of an OpenAPI document, as JSON. */
export type OpenApiNode = { [name: string]: unknown }

/** OpenAPI v2 and v3 write the same types a little differently. */
export interface Dialect {
  readonly version: 'v2' | 'v3'
  readonly referencePrefix: '#/definitions/' | '#/components/schemas/'
}

export const openApiV2: Dialect = { version: 'v2', referencePrefix: '#/definitions/' }
export const openApiV3: Dialect = { version: 'v3', referencePrefix: '#/components/schemas/' }

/** Scalars that are definitions of their own upstream. */
const scalarDefinitions: Partial<Record<ScalarType, string>> = {
  Time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  MicroTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  FieldsV1: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  Quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  IntOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  RawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  JSON: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
}

const scalarNodes: Readonly<Record<ScalarType, OpenApiNode>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  Duration: { type: 'string' },
  FieldsV1: { type: 'object' },
  RawExtension: { type: 'object' },
  JSON: {},
  Quantity: { type: 'string' },
  IntOrString: { type: 'string', format: 'int-or-string' },
}

/** In v3 alone a type can be one of several. */
const scalarChoices: Partial<Record<ScalarType, OpenApiNode>> = {
  Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
}

const metadataDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
export const patchDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'

/** Collects the definitions that a document needs, each once. */
export class Definitions {
  readonly #dialect: Dialect
  readonly #nodes = new Map<string, OpenApiNode>()

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  /** All that were referred to, sorted by name. */
  toJson(): Record<string, OpenApiNode> {
    return Object.fromEntries([...this.#nodes].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** A reference to a type, whose definition is added with all that it refers to. */
  reference(schema: ObjectSchema): OpenApiNode {
    if (!this.#nodes.has(schema.name)) {
      const node: OpenApiNode = {}
      this.#nodes.set(schema.name, node)
      Object.assign(node, this.#definition(schema))
    }
    return this.#referenceTo(schema.name)
  }

  /** Adds a definition that is made already: that of a custom resource. Objects' metadata is what it refers to. */
  add(name: string, node: OpenApiNode): void {
    this.#nodes.set(name, node)
    this.reference(schemaOf(metadataDefinition))
  }

  /** A reference to a definition without fields: patches. */
  plainReference(name: string): OpenApiNode {
    this.#nodes.set(name, { type: 'object' })
    return this.#referenceTo(name)
  }

  #referenceTo(name: string): OpenApiNode {
    return { $ref: this.#dialect.referencePrefix + name }
  }

  #definition(schema: ObjectSchema): OpenApiNode {
    const fields = [...schema.fields.values()]
    const required = fields.filter((field) => field.required).map(({ name }) => name)
    const descriptions = descriptionsOf(schema)
    const properties = fields.map((field): [string, OpenApiNode] => {
      const description = descriptions[field.name]
      return [field.name, { ...(description !== undefined && { description }), ...this.#property(field) }]
    })
    return {
      type: 'object',
      ...(required.length > 0 && { required }),
      ...(fields.length > 0 && { properties: Object.fromEntries(properties.sort(([a], [b]) => (a < b ? -1 : 1))) }),
      ...(schema.groupVersionKinds && { 'x-kubernetes-group-version-kind': schema.groupVersionKinds }),
      ...(schema.mapType && { 'x-kubernetes-map-type': schema.mapType }),
      ...(schema.unions && { 'x-kubernetes-unions': schema.unions }),
      ...(schema.preserveUnknownFields && { 'x-kubernetes-preserve-unknown-fields': true }),
    }
  }

  #property(field: FieldSchema): OpenApiNode {
    const isV3 = this.#dialect.version === 'v3'
    const type = this.#type(field.type, isV3 ? undefined : field.enum)
    const default_ = isV3 ? defaultOf(field) : undefined
    return {
      ...(isV3 && '$ref' in type ? { allOf: [type] } : type),
      ...(default_ !== undefined && { default: default_ }),
      ...extensions(field),
    }
  }

  #type(type: FieldType, enumeration?: readonly string[]): OpenApiNode {
    switch (type.kind) {
      case 'scalar':
        return { ...this.#scalar(type.scalar), ...(enumeration && { enum: enumeration }) }
      case 'list':
        return { type: 'array', items: this.#type(type.items, enumeration) }
      case 'map':
        return { type: 'object', additionalProperties: this.#type(type.values) }
      case 'object':
        return this.reference(type.type)
      case 'union':
        // What forms it has OpenAPI v2 cannot say, and v3 does not.
        this.#nodes.set(type.type.name, {})
        return this.#referenceTo(type.type.name)
    }
  }

  #scalar(scalar: ScalarType): OpenApiNode {
    const definition = scalarDefinitions[scalar]
    const choice = this.#dialect.version === 'v3' ? scalarChoices[scalar] : undefined
    const node = choice ?? scalarNodes[scalar]
    if (definition === undefined) return { ...node }
    this.#nodes.set(definition, node)
    return this.#referenceTo(definition)
  }
}

/** Of what all objects have in common. */
function descriptionsOf({ name, groupVersionKinds }: ObjectSchema): Readonly<Record<string, string>> {
  if (name === metadataDefinition) return metadataDescriptions
  return groupVersionKinds ? objectDescriptions : {}
}

/** Fields that Go always writes have their zero value as default. */
function defaultOf({ default: given, type, keepEmpty, nullable }: FieldSchema): unknown {
  if (given !== undefined || !keepEmpty || nullable) return given
  if (type.kind === 'object') return {}
  return type.kind === 'scalar' ? zeroDefaults[type.scalar] : undefined
}

const zeroDefaults: Partial<Record<ScalarType, unknown>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
}

function extensions(field: FieldSchema): OpenApiNode {
  const { listMapKeys, listType, mapType, patchMergeKey, patchStrategy } = field
  return {
    ...(listMapKeys && { 'x-kubernetes-list-map-keys': listMapKeys }),
    ...(listType && { 'x-kubernetes-list-type': listType }),
    ...(mapType && { 'x-kubernetes-map-type': mapType }),
    ...(patchMergeKey && { 'x-kubernetes-patch-merge-key': patchMergeKey }),
    ...(patchStrategy && { 'x-kubernetes-patch-strategy': patchStrategy.join(',') }),
  }
}
