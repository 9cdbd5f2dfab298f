import { nameColumn } from '../../api/printing.ts'
import type { Column } from '../../api/resource-definition.ts'
import type { CustomResourceColumnDefinition } from '../../api/types/apiextensions/v1.ts'
import { humanAge } from '../../machinery/duration.ts'
import { type JsonPath, JsonPathError, parseJsonPath } from '../../machinery/json-path.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { valueText } from './value-text.ts'

type Definition = DeepReadonly<CustomResourceColumnDefinition>

const age: Definition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/**
 * The table of a custom resource: its name, and what its definition asks for. A path that cannot be read ends the
 * table before its column. After apiextensions-apiserver registry/customresource/tableconvertor v1.36.
 */
export function customColumns(wanted: readonly Definition[] = []): readonly Column[] {
  const columns = [nameColumn]
  for (const definition of wanted.length > 0 ? wanted : [age]) {
    const path = readPath(definition.jsonPath)
    if (!path) break
    columns.push(column(definition, path))
  }
  return columns
}

function readPath(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text)
  } catch (error) {
    if (error instanceof JsonPathError) return undefined
    throw error
  }
}

function column({ name, type, format, priority }: Definition, path: JsonPath): Column {
  return {
    name,
    // Validation lets in no other types.
    type: type as Column['type'],
    ...(format !== undefined && { format }),
    ...(priority !== undefined && { priority }),
    cell(object, nowMs) {
      const [found] = follow(path, object)
      return found === undefined ? null : cell(type, found, nowMs)
    },
  }
}

/** Nothing where the path does not fit the object. */
function follow(path: JsonPath, object: unknown): unknown[] {
  try {
    return path(object)
  } catch (error) {
    if (error instanceof JsonPathError) return []
    throw error
  }
}

function cell(type: string, value: unknown, nowMs: number): string | number | boolean | null {
  switch (type) {
    case 'string':
      return valueText(value)
    case 'integer':
      return typeof value === 'number' || typeof value === 'bigint' ? Math.trunc(Number(value)) : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateText(value, nowMs) : null
    default:
      return null
  }
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

function dateText(text: string, nowMs: number): string {
  if (text !== '' && (!rfc3339.test(text) || Number.isNaN(Date.parse(text)))) return '<invalid>'
  return humanAge(text, nowMs)
}
