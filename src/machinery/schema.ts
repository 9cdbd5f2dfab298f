/**
 * How a type's fields are described. `api/schema` holds such a table for every built-in type, a CRD yields one at
 * run time; decoding, protobuf, OpenAPI, strategic merge patch, pruning and server-side apply are all derived from it.
 */

/** The scalar forms a field can have on the wire, and the few types with a JSON form of their own. */
export type ScalarType =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes' // base64 in JSON
  | 'Time' // RFC 3339 to the second
  | 'MicroTime' // RFC 3339 with six digits
  | 'Duration' // Go's form, such as 1m30s
  | 'Quantity'
  | 'IntOrString'
  | 'FieldsV1' // a JSON object, raw in protobuf
  | 'RawExtension' // any JSON object, raw in protobuf
  | 'JSON' // any JSON value (CRD defaults and the like)

export type FieldType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'object'; readonly type: ObjectSchema }
  /** `boxed`: in protobuf a message of its own with the field `items`, not a repeated field. */
  | { readonly kind: 'list'; readonly items: FieldType; readonly boxed?: boolean }
  | { readonly kind: 'map'; readonly values: FieldType }
  /** JSON shows the value of one of the type's fields, told apart by its form: JSONSchemaPropsOrArray and the like. */
  | { readonly kind: 'union'; readonly type: ObjectSchema }

export interface FieldSchema {
  /** The name in JSON. */
  readonly name: string
  readonly type: FieldType
  /** The field number in protobuf; absent for custom resources. */
  readonly number?: number
  /** The name in the proto file where it differs from the JSON name. */
  readonly protoName?: string
  /** What Go calls the type, as errors show it: `v1.DNSPolicy`, `[]v1.Container`. Absent for custom resources. */
  readonly goType?: string
  /** In OpenAPI's list of required fields. */
  readonly required?: boolean
  /** Written even when empty: Go fields without `omitempty`, and structs that are no pointers. */
  readonly keepEmpty?: boolean
  /** A Go pointer, or a type that tells "absent" from "zero" in JSON. */
  readonly nullable?: boolean
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly format?: string
  /** x-kubernetes-list-type, for server-side apply. */
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  /** x-kubernetes-map-type. */
  readonly mapType?: 'atomic' | 'granular'
  /** x-kubernetes-patch-strategy, comma-free: each strategy is one entry. */
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string
}

export interface ObjectSchema {
  /** Upstream's definition name, such as `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string
  /** In the order of upstream's Go struct as far as it can be known (protobuf number order). */
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** Members that JSON shows inline but that are one message of their own in protobuf (see reference README). */
  readonly inlineMessages?: readonly InlineMessage[]
  readonly mapType?: 'atomic' | 'granular'
  /** Kinds only: where the type is served as an object of its own. */
  readonly groupVersionKinds?: readonly { group: string; version: string; kind: string }[]
  /** x-kubernetes-unions, which only OpenAPI shows. */
  readonly unions?: readonly unknown[]
  /** Custom resources: unknown fields are kept below here. */
  readonly preserveUnknownFields?: boolean
}

export interface InlineMessage {
  readonly protoName: string
  readonly number: number
  readonly type: ObjectSchema
}
