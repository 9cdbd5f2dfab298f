import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { type Decoded, DecodeError } from '../../machinery/decode.ts'
import { invalid } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import { formatJson } from '../../machinery/format-json.ts'
import { apiVersionOf, deepFreeze, type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { isJsonObject, type JsonObject } from '../../machinery/patch/patch-error.ts'
import { decodeObject } from './decode-object.ts'
import type { ResourceRequest } from './resource-request.ts'
import { schemeName } from './scheme-name.ts'

/**
 * What a JSON or merge patch has made, as the kind it says it is now. Another version of the same kind is converted;
 * another kind cannot be. Throws DecodeError. After apimachinery runtime/serializer/versioning.go Decode v1.36.
 */
export function decodePatchedKind(patched: unknown, { definition, services }: ResourceRequest): Decoded {
  if (!isJsonObject(patched)) return decodeObject(patched, definition)
  if (definition.custom) return decodePatchedCustom(patched, definition)
  const kind = textMember(patched, 'kind') || definition.kind
  const apiVersion = textMember(patched, 'apiVersion')
  // Without its version upstream takes it for the internal one, whose fields JSON has no names for.
  if (apiVersion === '') return fieldless(patched)
  if (kind === definition.kind && apiVersion === apiVersionOf(definition)) {
    return withKind(decodeObject(patched, definition), definition)
  }
  const { group, version } = parseApiVersion(apiVersion)
  const other = services.registry.lookupKind(group, version, kind)
  if (!other) {
    throw new DecodeError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${schemeName(definition)}`,
    )
  }
  const decoded = withKind(decodeObject(patched, other), other)
  return { ...decoded, object: converted(decoded.object, other, definition) as Record<string, unknown> }
}

/**
 * A custom object that says it is something else is not converted: it is invalid, as what it says. Throws a StatusError
 * then. After ValidateTypeMeta of apiextensions-apiserver registry/customresource/validator.go v1.36.
 */
function decodePatchedCustom(patched: JsonObject, definition: ResourceDefinition): Decoded {
  const [kind, apiVersion] = [textMember(patched, 'kind'), textMember(patched, 'apiVersion')]
  const missing = kind === '' ? 'Kind' : apiVersion === '' ? 'apiVersion' : undefined
  if (missing !== undefined) throw new DecodeError(`Object '${missing}' is missing in '${formatJson(patched)}'`)
  const wanted = apiVersionOf(definition)
  const errors = [
    ...(kind === definition.kind ? [] : [invalidField('kind', kind, `must be ${definition.kind}`)]),
    ...(apiVersion === wanted ? [] : [invalidField('apiVersion', apiVersion, `must be ${wanted}`)]),
  ]
  if (errors.length === 0) return withKind(decodeObject(patched, definition), definition)
  const { name } = (patched as KubeObject).metadata ?? {}
  throw invalid({ group: parseApiVersion(apiVersion).group, kind }, name ?? '', errors)
}

/** With the kind and version of its definition, whatever the body said. */
export function withKind(decoded: Decoded, definition: ResourceDefinition): Decoded {
  decoded.object.kind = definition.kind
  decoded.object.apiVersion = apiVersionOf(definition)
  return decoded
}

function textMember(object: JsonObject, name: string): string {
  const value = object[name]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  const form = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const why = `json: cannot unmarshal ${form} into Go struct field .${name} of type string`
  throw new DecodeError(`couldn't get version/kind; json parse error: ${why}`)
}

function fieldless(patched: JsonObject): Decoded {
  const strictErrors = Object.keys(patched).map((name) => `unknown field ${JSON.stringify(name)}`)
  return { object: {}, strictErrors: strictErrors.sort() }
}

function converted(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject {
  if (from.group !== to.group || from.kind !== to.kind || !(from.conversion ?? to.conversion)) {
    const internal = to.group === '' ? 'core' : to.group.split('.')[0]
    throw new DecodeError(`converting (${from.version}.${from.kind}) to (${internal}.${to.kind}): unknown conversion`)
  }
  const stored = from.conversion?.toStorage(object) ?? object
  return to.conversion?.fromStorage(deepFreeze(stored)) ?? stored
}
