import type { FieldSchema, FieldType, InlineMessage, ObjectSchema, ScalarType } from '../../machinery/schema.ts'
import { type FieldRow, goTypeName, isStructValue, type TypeRow, type TypeTable } from './table.ts'
import { tables } from './tables.ts'

const scalarTypes: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'boolean',
  'int32',
  'int64',
  'double',
  'bytes',
  'Time',
  'MicroTime',
  'Duration',
  'Quantity',
  'IntOrString',
  'FieldsV1',
  'RawExtension',
  'JSON',
])

const isScalar = (type: string): type is ScalarType => scalarTypes.has(type)

/** Schemas made so far, by definition name: constants, but made when first asked for, so that start-up is quick. */
const made = new Map<string, ObjectSchema>()

const tableOfPackage = new Map(Object.values(tables).map((table) => [table.package, table]))

/** The schema of an upstream definition, such as `io.k8s.api.core.v1.Pod`. Throws when there is none. */
export function schemaOf(name: string): ObjectSchema {
  const known = made.get(name)
  if (known !== undefined) return known
  const dot = name.lastIndexOf('.')
  const table = tableOfPackage.get(name.slice(0, dot))
  const row = table?.types[name.slice(dot + 1)]
  if (table === undefined || row === undefined) throw new Error(`no schema is called ${name}`)
  return objectSchema(name, table, row)
}

/** The schema of a built-in kind, lists and option types included. Throws when there is none. */
export function schemaForKind({
  group,
  version,
  kind,
}: {
  group: string
  version: string
  kind: string
}): ObjectSchema {
  const schema = findSchemaForKind({ group, version, kind })
  if (schema === undefined) throw new Error(`no kind ${kind} in ${group === '' ? version : `${group}/${version}`}`)
  return schema
}

/** As `schemaForKind`, or `undefined`. Types such as DeleteOptions and Status are kinds of every group-version. */
export function findSchemaForKind(wanted: { group: string; version: string; kind: string }): ObjectSchema | undefined {
  const { group, version, kind } = wanted
  const own = Object.values(tables).find(
    (table) => table.group === group && table.version === version && table.types[kind]?.typeMeta,
  )
  const table = own ?? (tables['meta/v1']!.types[kind]?.typeMeta ? tables['meta/v1']! : undefined)
  return table && schemaOf(`${table.package}.${kind}`)
}

/** Every definition name, sorted by table: what OpenAPI can show. */
export function definitionNames(): string[] {
  return Object.values(tables).flatMap((table) => Object.keys(table.types).map((name) => `${table.package}.${name}`))
}

function objectSchema(name: string, table: TypeTable, row: TypeRow): ObjectSchema {
  const fields = new Map<string, FieldSchema>()
  const schema: ObjectSchema = {
    name,
    fields,
    ...(row.mapType && { mapType: row.mapType }),
    ...(row.kind && { groupVersionKinds: groupVersionKinds(name, table, row.kind) }),
    ...(row.unions && { unions: row.unions }),
  }
  // Before the fields are made: types such as JSONSchemaProps hold themselves.
  made.set(name, schema)
  if (row.typeMeta) for (const field of typeMetaFields) fields.set(field.name, field)
  for (const [field, facts] of Object.entries(row.fields)) fields.set(field, fieldSchema(field, facts, table))
  if (row.inline !== undefined) Object.assign(schema, { inlineMessages: inlineMessages(schema, row, '') })
  return schema
}

/** Not in protobuf messages: the envelope has them. */
const typeMetaFields: readonly FieldSchema[] = ['kind', 'apiVersion'].map((name) => ({
  name,
  type: { kind: 'scalar', scalar: 'string' },
}))

function fieldSchema(name: string, row: FieldRow, table: TypeTable): FieldSchema {
  const { number, protoName, type, goType, required, empty, in: _inline, ...facts } = row
  const nullable = type.startsWith('*')
  const keepEmpty = empty === undefined ? isStructValue(type) || (required === true && !nullable) : empty === 'kept'
  return {
    name,
    type: fieldType(type, table),
    goType: goType ?? goTypeName(type, table.version),
    ...(number !== undefined && { number }),
    ...(protoName !== undefined && { protoName }),
    ...(required && { required }),
    ...(keepEmpty && { keepEmpty }),
    ...(nullable && { nullable }),
    ...facts,
  }
}

function fieldType(type: string, table: TypeTable): FieldType {
  if (type.startsWith('*')) return fieldType(type.slice(1), table)
  if (type.startsWith('&[]')) return { kind: 'list', items: fieldType(type.slice(3), table), boxed: true }
  if (type.startsWith('[]')) return { kind: 'list', items: fieldType(type.slice(2), table) }
  if (type.startsWith('map[string]')) return { kind: 'map', values: fieldType(type.slice('map[string]'.length), table) }
  if (isScalar(type)) return { kind: 'scalar', scalar: type }
  const dot = type.lastIndexOf('.')
  const home = dot < 0 ? table : tables[type.slice(0, dot)]!
  const typeName = type.slice(dot + 1)
  const object = schemaOf(`${home.package}.${typeName}`)
  return { kind: home.types[typeName]!.union ? 'union' : 'object', type: object }
}

/** The messages that carry `outer`'s inline fields; a name such as `outer.inner` is a message inside another. */
function inlineMessages(schema: ObjectSchema, row: TypeRow, outer: string): InlineMessage[] {
  return Object.entries(row.inline ?? {})
    .filter(([path]) => path.slice(0, Math.max(path.lastIndexOf('.'), 0)) === outer)
    .map(([path, message]) => {
      const protoName = path.slice(path.lastIndexOf('.') + 1)
      const inner = inlineMessages(schema, row, path)
      const own = Object.entries(row.fields).filter(([, field]) => field.in === path)
      const fields = new Map(own.map(([name]) => [name, schema.fields.get(name)!]))
      for (const { type } of inner) for (const [name, field] of type.fields) fields.set(name, field)
      const name = schema.name.slice(0, schema.name.lastIndexOf('.') + 1) + message.type
      const type = { name, fields, ...(inner.length > 0 && { inlineMessages: inner }) }
      return { protoName, number: message.number, type }
    })
}

function groupVersionKinds(name: string, table: TypeTable, kinds: true | readonly string[]) {
  const kind = name.slice(name.lastIndexOf('.') + 1)
  if (kinds === true) return [{ group: table.group, version: table.version, kind }]
  return kinds.map((groupVersion) => {
    const [version, group = ''] = groupVersion.split('/').reverse()
    return { group, version: version!, kind }
  })
}
