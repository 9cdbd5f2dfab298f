/**
 * The written form of `ObjectSchema`: what the generated tables of this folder hold. `schema.ts` turns rows into
 * schemas when they are first asked for.
 */
export interface TypeTable {
  /** What stands before the type's name in upstream's definition names, such as `io.k8s.api.core.v1`. */
  readonly package: string
  readonly group: string
  readonly version: string
  readonly types: Readonly<Record<string, TypeRow>>
}

export interface TypeRow {
  /** `kind` and `apiVersion` stand before the fields in JSON, and in the envelope in protobuf. */
  readonly typeMeta?: true
  /** The type is a kind of the table's group-version (`true`) or of these (`''` is core/v1). */
  readonly kind?: true | readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  /** x-kubernetes-unions, as OpenAPI shows them; nothing in the API server reads them. */
  readonly unions?: readonly unknown[]
  /** JSON shows one of the fields' values itself, told apart by its form (an object, a list, a boolean). */
  readonly union?: true
  /** Messages whose fields JSON shows inline, by their name in the proto file. A nested one is `outer.inner`. */
  readonly inline?: Readonly<Record<string, { readonly number: number; readonly type: string }>>
  readonly fields: Readonly<Record<string, FieldRow>>
}

export interface FieldRow {
  /** The field number in protobuf. */
  readonly number?: number
  /** The name in the proto file where it differs. */
  readonly protoName?: string
  /** The inline message (see `TypeRow.inline`) that carries the field in protobuf. */
  readonly in?: string
  /**
   * Go's notation: `[]Container`, `map[string]Quantity`, `*PodSecurityContext`; a type of another table is
   * `core/v1.PodTemplateSpec`; `&[]string` is a list that is a message of its own in protobuf.
   */
  readonly type: string
  /** Go's name of the type where `type` does not yield it: `v1.DNSPolicy` for a string. Errors show it. */
  readonly goType?: string
  readonly required?: true
  /** Where it differs from the rule: struct values and required fields that are no pointers are kept, others not. */
  readonly empty?: 'kept' | 'omitted'
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly format?: string
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string
}

/** Whether Go holds the type as a struct by value, so that even its zero value stands in JSON. */
export function isStructValue(type: string): boolean {
  return /^([a-z]+\/v\d\.)?[A-Z]/.test(type)
}

/** What Go calls a type that is written as `type` in a table of `version`. */
export function goTypeName(type: string, version: string): string {
  if (/^[*&]/.test(type)) return goTypeName(type.slice(1), version)
  if (type.startsWith('[]')) return `[]${goTypeName(type.slice(2), version)}`
  if (type.startsWith('map[string]')) return `map[string]${goTypeName(type.slice('map[string]'.length), version)}`
  const scalar = goScalars[type]
  if (scalar !== undefined) return scalar
  const [name, home] = type.split('.').reverse()
  return `${home === undefined ? version : home.split('/')[1]}.${name}`
}

const goScalars: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  Time: 'v1.Time',
  MicroTime: 'v1.MicroTime',
  Duration: 'v1.Duration',
  FieldsV1: 'v1.FieldsV1',
  Quantity: 'resource.Quantity',
  IntOrString: 'intstr.IntOrString',
  RawExtension: 'runtime.RawExtension',
}
