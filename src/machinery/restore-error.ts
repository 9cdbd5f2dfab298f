import type { FieldSchema, FieldType, ObjectSchema, ScalarType } from './schema.ts'

/**
 * Why upstream cannot make an object of a strategically patched map: it goes from the map to the struct directly, and
 * has other words for it than its JSON decoder. Undefined where it has none of its own. After apimachinery
 * runtime/converter.go fromUnstructured v1.36.
 */
export function restoreError(value: Readonly<Record<string, unknown>>, schema: ObjectSchema): string | undefined {
  for (const field of schema.fields.values()) {
    const member = value[field.name]
    if (member === undefined || member === null) continue
    const error = valueError(member, field.type, field)
    if (error !== undefined) return error
  }
  return undefined
}

function valueError(value: unknown, type: FieldType, field?: FieldSchema): string | undefined {
  if (value === null) return undefined
  switch (type.kind) {
    case 'scalar':
      return scalarError(value, type.scalar, field)
    case 'object':
      return isMap(value) ? restoreError(value, type.type) : `cannot restore struct from: ${goKind(value)}`
    case 'list':
      if (!Array.isArray(value)) return `cannot restore slice from ${goKind(value)}`
      return first(value, (item) => valueError(item, type.items))
    case 'map':
      if (!isMap(value)) return `cannot restore map from ${goKind(value)}`
      return first(Object.values(value), (item) => valueError(item, type.values))
    case 'union':
      return undefined
  }
}

const simpleTypes: Partial<Record<ScalarType, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
}

function scalarError(value: unknown, scalar: ScalarType, field: FieldSchema | undefined): string | undefined {
  if (scalar === 'bytes') return bytesError(value)
  const wanted = simpleTypes[scalar]
  if (wanted === undefined) return undefined
  const given = goKind(value)
  const isNumber = given === 'int64' || given === 'float64'
  const goType = field?.goType ?? wanted
  switch (wanted) {
    case 'string':
      if (given === 'int64') return `cannot convert int64 to ${goType}`
      return given === 'string' ? undefined : 'unrecognized type: string'
    case 'bool':
      return given === 'bool' ? undefined : 'unrecognized type: bool'
    case 'float64':
      return isNumber ? undefined : 'unrecognized type: float64'
    default:
      if (given === 'float64') return `cannot convert float64 to ${goType}`
      return isNumber ? undefined : `unrecognized type: ${wanted}`
  }
}

/** A list of numbers would do as well: Go's bytes are a slice. */
function bytesError(value: unknown): string | undefined {
  return typeof value === 'string' || Array.isArray(value) ? undefined : `cannot restore slice from ${goKind(value)}`
}

function first(values: readonly unknown[], errorOf: (value: unknown) => string | undefined): string | undefined {
  for (const value of values) {
    const error = errorOf(value)
    if (error !== undefined) return error
  }
  return undefined
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'string' ? 'string' : 'map'
}
