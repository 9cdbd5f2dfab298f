import { schemaOf } from '../../api/schema/schema.ts'
import type { FieldSchema, FieldType, ObjectSchema } from '../../machinery/schema.ts'
import { additionalSchema, type StructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const anything: FieldType = { kind: 'scalar', scalar: 'JSON' }
const text: FieldType = { kind: 'scalar', scalar: 'string' }

/**
 * A structural schema as a table of fields, by which field managers divide objects among them. After
 * structured-merge-diff's and managedfields' reading of OpenAPI (schemaconv openapi.go) v1.36.
 */
export function objectSchema(name: string, schema: StructuralSchema): ObjectSchema {
  return structSchema(name, { ...schema, embeddedResource: true }, schema.preserveUnknownFields)
}

/** `preserve`: unknown fields are allowed from here on downwards. */
function structSchema(name: string, schema: StructuralSchema, preserve: boolean): ObjectSchema {
  const fields = new Map<string, FieldSchema>()
  for (const [property, one] of schema.properties) fields.set(property, fieldSchema(property, one, preserve))
  if (schema.embeddedResource) {
    fields.set('apiVersion', { name: 'apiVersion', type: text })
    fields.set('kind', { name: 'kind', type: text })
    fields.set('metadata', { name: 'metadata', type: { kind: 'object', type: schemaOf(objectMeta) } })
  }
  return {
    name,
    fields,
    // An object of which nothing is said may hold anything.
    preserveUnknownFields: preserve || schema.preserveUnknownFields || schema.properties.size === 0,
    ...mapType(schema),
  }
}

function fieldSchema(name: string, schema: StructuralSchema, preserve: boolean): FieldSchema {
  const { listType, listMapKeys, default: fallback } = schema
  return {
    name,
    type: fieldType(schema, preserve || schema.preserveUnknownFields),
    ...(fallback !== undefined && { default: fallback }),
    ...(isListType(listType) && { listType }),
    ...(listMapKeys.length > 0 && { listMapKeys }),
    ...mapType(schema),
  }
}

function fieldType(schema: StructuralSchema, preserve: boolean): FieldType {
  if (schema.intOrString) return { kind: 'scalar', scalar: 'IntOrString' }
  switch (schema.types[0]) {
    case 'object':
      return objectType(schema, preserve)
    case 'array':
      return { kind: 'list', items: schema.items ? fieldType(schema.items, preserve) : anything }
    case 'string':
      return text
    case 'boolean':
      return { kind: 'scalar', scalar: 'boolean' }
    case 'integer':
    case 'number':
      return { kind: 'scalar', scalar: 'double' }
    default:
      return anything
  }
}

function objectType(schema: StructuralSchema, preserve: boolean): FieldType {
  const additional = additionalSchema(schema)
  if (additional) return { kind: 'map', values: fieldType(additional, preserve) }
  if (schema.additionalProperties === true) return { kind: 'map', values: anything }
  return { kind: 'object', type: structSchema('', schema, preserve) }
}

function isListType(listType: string | undefined): listType is 'atomic' | 'set' | 'map' {
  return listType === 'atomic' || listType === 'set' || listType === 'map'
}

function mapType({ mapType: type }: StructuralSchema): Pick<ObjectSchema, 'mapType'> {
  return type === 'atomic' || type === 'granular' ? { mapType: type } : {}
}
