/** The types of CEL expressions. After cel-go common/types types.go and apiserver pkg/cel types.go v1.36. */

export type CelKind =
  | 'dyn'
  | 'any'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'object'
  | 'opaque'
  | 'type'
  | 'parameter'

export interface CelType {
  readonly kind: CelKind
  /** As `type()` and error texts name it: `int`, `list`, `google.protobuf.Timestamp`, the name of an object type. */
  readonly name: string
  /** Of a list its element, of a map key and value, of an opaque type its own. */
  readonly parameters: readonly CelType[]
  /** Of an object type, by the (escaped) name that expressions use. Looked up lazily, so that types may be recursive. */
  readonly field?: (name: string) => CelField | undefined
  /** Most characters, bytes, elements or entries a value can have, for cost estimates. Absent: unbounded. */
  readonly maxElements?: number
  /** How lists from JSON compare and add up; `x-kubernetes-list-type`. Absent: atomic. */
  readonly listType?: 'set' | 'map'
  /** `x-kubernetes-list-map-keys` of a list of type map. */
  readonly mapKeys?: readonly string[]
}

export interface CelField {
  readonly type: CelType
  /** The property in JSON, where it differs from the name in expressions. */
  readonly jsonName?: string
}

const simple = (kind: CelKind, name: string = kind): CelType => ({ kind, name, parameters: [] })

export const dynType = simple('dyn')
export const anyType = simple('any', 'google.protobuf.Any')
export const errorType = simple('error', '!error!')
export const nullType = simple('null', 'null_type')
export const boolType = simple('bool')
export const intType = simple('int')
export const uintType = simple('uint')
export const doubleType = simple('double')
export const stringType = simple('string')
export const bytesType = simple('bytes')
export const timestampType = simple('timestamp', 'google.protobuf.Timestamp')
export const durationType = simple('duration', 'google.protobuf.Duration')
export const typeType = simple('type')

export interface ListOptions {
  readonly maxElements?: number
  readonly listType?: 'set' | 'map'
  readonly mapKeys?: readonly string[]
}

export function listType(element: CelType, options: ListOptions = {}): CelType {
  return { kind: 'list', name: 'list', parameters: [element], ...options }
}

export function mapType(key: CelType, value: CelType, options: { maxElements?: number } = {}): CelType {
  return { kind: 'map', name: 'map', parameters: [key, value], ...options }
}

/** A string, list, map or bytes that holds at most so many elements. */
export function bounded(type: CelType, maxElements: number): CelType {
  return { ...type, maxElements }
}

export function optionalType(value: CelType): CelType {
  return opaqueType('optional_type', value)
}

export function opaqueType(name: string, ...parameters: readonly CelType[]): CelType {
  return { kind: 'opaque', name, parameters }
}

export function typeOf(type: CelType): CelType {
  return { kind: 'type', name: 'type', parameters: [type] }
}

/** A free variable of a signature, such as the A of `list(A)`. */
export function parameterType(name: string): CelType {
  return { kind: 'parameter', name, parameters: [] }
}

/** An object with declared fields. Pass a function where the fields mention the type itself. */
export function objectType(
  name: string,
  fields: Readonly<Record<string, CelType | CelField>> | ((name: string) => CelField | undefined),
): CelType {
  const field = typeof fields === 'function' ? fields : fieldsOf(fields)
  return { kind: 'object', name, parameters: [], field }
}

/** An object of a library, with functions but without fields. */
export function receiverType(name: string): CelType {
  return simple('object', name)
}

function fieldsOf(fields: Readonly<Record<string, CelType | CelField>>): (name: string) => CelField | undefined {
  const byName = new Map(
    Object.entries(fields).map(([name, field]) => [name, 'kind' in field ? { type: field } : field]),
  )
  return (name) => byName.get(name)
}

export function isDyn(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'any'
}

export function isOptional(type: CelType): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type'
}

/** Same name and parameters all the way down, as cel-go's IsExactType. */
export function isExactType(left: CelType, right: CelType): boolean {
  if (left === right) return true
  if (left.kind !== right.kind || left.name !== right.name) return false
  if (left.parameters.length !== right.parameters.length) return false
  return left.parameters.every((parameter, index) => isExactType(parameter, right.parameters[index]!))
}

/** `list(int)`, `map(string, dyn)`, `timestamp`: the form of cel-go's checker messages. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'any':
    case 'timestamp':
    case 'duration':
    case 'null':
      return type.kind
    default:
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(formatType).join(', ')})`
  }
}
