import { schemaOf } from '../../api/schema/schema.ts'
import { coerceEmbedded } from '../../api/validation/apiextensions/embedded-resources.ts'
import { type Decoded, DecodeError, decodeValue } from '../../machinery/decode.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { dropRefusedNulls } from '../../machinery/structural-schema/defaults.ts'
import { pruneValue } from '../../machinery/structural-schema/prune.ts'
import type { StructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import { isJsonObject, type JsonObject, setMember } from '../../machinery/structural-schema/values.ts'

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/**
 * A value as a custom object: a copy without what the schema does not know and with metadata as all objects have it.
 * Throws DecodeError for metadata of another form. After unstructuredSchemaCoercer of apiextensions-apiserver
 * pkg/apiserver/customresource_handler.go v1.36.
 */
export function decodeCustom(value: unknown, schema: StructuralSchema): Decoded {
  const object = sortedCopy(value)
  if (!isJsonObject(object))
    throw new DecodeError(`json: cannot unmarshal ${formOf(value)} into Go value of type map[string]interface {}`)
  const strictErrors = coerceMetadata(object)
  for (const path of pruneValue(object, schema, { isResourceRoot: true })) strictErrors.push(unknownField(path))
  dropRefusedNulls(object, schema)
  const { error, unknownFields } = coerceEmbedded(object, schema)
  if (error) throw new DecodeError(`${error.field}: ${error.detail}`)
  strictErrors.push(...unknownFields.map(unknownField))
  return { object, strictErrors }
}

/** A draft as it is kept: what admission or a strategy put in beyond the schema goes, members come in order. */
export function canonicalCustom(draft: KubeObject, schema: StructuralSchema): KubeObject {
  const object = sortedCopy(draft) as JsonObject
  coerceMetadata(object)
  pruneValue(object, schema, { isResourceRoot: true })
  return object as KubeObject
}

function coerceMetadata(object: JsonObject): string[] {
  if (object.metadata === undefined) return []
  const decoded = decodeValue(object.metadata, schemaOf(objectMeta))
  object.metadata = sortedCopy(decoded.object)
  return decoded.strictErrors.map((error) => error.replace('"', '"metadata.'))
}

function unknownField(path: string): string {
  return `unknown field ${JSON.stringify(path)}`
}

/** Go's encoder sorts the members of maps, and custom objects are maps all the way down. */
function sortedCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sortedCopy)
  const members = value as JsonObject
  const copy: JsonObject = {}
  for (const name of Object.keys(members).sort()) {
    if (members[name] !== undefined) setMember(copy, name, sortedCopy(members[name]))
  }
  return copy
}

function formOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
