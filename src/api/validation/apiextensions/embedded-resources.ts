import { DecodeError, decodeValue } from '../../../machinery/decode.ts'
import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { ObjectMeta } from '../../../machinery/object.ts'
import { metadataErrors } from '../../../machinery/object-metadata.ts'
import { pathSegmentName } from '../../../machinery/object-names.ts'
import {
  emptySchema,
  memberSchema,
  type StructuralSchema,
} from '../../../machinery/structural-schema/structural-schema.ts'
import { isJsonObject, type JsonObject } from '../../../machinery/structural-schema/values.ts'
import { schemaOf } from '../../schema/schema.ts'
import { serviceLabelErrors } from '../formats.ts'

/** Objects inside of custom resources (x-kubernetes-embedded-resource): their apiVersion, kind and metadata. */

export interface EmbeddedOptions {
  /** Where the value stands; default: the root. */
  readonly path?: string
  /** The value itself is a whole object. */
  readonly isResourceRoot?: boolean
}

export interface CoerceOptions extends EmbeddedOptions {
  /** Metadata of another form is left out, field by field, instead of refused. */
  readonly dropInvalidFields?: boolean
}

export interface Coerced {
  readonly error?: FieldError
  /** The paths that metadata does not have, sorted. They are gone from the value. */
  readonly unknownFields: readonly string[]
}

/**
 * Brings the metadata of embedded objects, in place, into the form that metadata has. After CoerceWithOptions of
 * apiextensions-apiserver pkg/apiserver/schema/objectmeta algorithm.go v1.36.
 */
export function coerceEmbedded(
  value: unknown,
  schema: StructuralSchema | undefined,
  { path = '', isResourceRoot = false, dropInvalidFields = false }: CoerceOptions = {},
): Coerced {
  const coercion = new Coercion(dropInvalidFields)
  const error = coercion.coerce(value, rootSchema(schema, isResourceRoot), path)
  return { ...(error && { error }), unknownFields: coercion.unknownFields.sort() }
}

function rootSchema(schema: StructuralSchema | undefined, isResourceRoot: boolean): StructuralSchema | undefined {
  return isResourceRoot ? { ...(schema ?? emptySchema), embeddedResource: true } : schema
}

class Coercion {
  readonly unknownFields: string[] = []
  readonly #drop: boolean

  constructor(dropInvalidFields: boolean) {
    this.#drop = dropInvalidFields
  }

  /** The first error ends the coercion. */
  coerce(value: unknown, schema: StructuralSchema | undefined, path: string): FieldError | undefined {
    if (schema === undefined) return undefined
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        const error = this.coerce(item, schema.items, `${path}[${index}]`)
        if (error !== undefined) return error
      }
    } else if (isJsonObject(value)) return this.#coerceObject(value, schema, path)
    return undefined
  }

  #coerceObject(object: JsonObject, schema: StructuralSchema, path: string): FieldError | undefined {
    for (const name of Object.keys(object)) {
      const error =
        (schema.embeddedResource ? this.#coerceMeta(object, name, path) : undefined) ??
        this.coerce(object[name], memberSchema(schema, name), memberPath(schema, path, name))
      if (error !== undefined) return error
    }
    return undefined
  }

  #coerceMeta(object: JsonObject, name: string, path: string): FieldError | undefined {
    if (name === 'metadata') return this.#coerceMetadata(object, join(path, name))
    const isText = typeof object[name] === 'string'
    if ((name !== 'apiVersion' && name !== 'kind') || isText) return undefined
    if (!this.#drop) return invalidField(join(path, name), object[name], 'must be a string')
    delete object[name]
    return undefined
  }

  #coerceMetadata(object: JsonObject, path: string): FieldError | undefined {
    const sent = object.metadata
    try {
      object.metadata = this.#decode(sent ?? {}, path)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      if (!this.#drop) return invalidField(path, sent, error.message)
      if (isJsonObject(sent)) object.metadata = this.#decodeFields(sent, path)
    }
    return undefined
  }

  /** Throws DecodeError. */
  #decode(metadata: unknown, path: string): JsonObject {
    const { object, strictErrors } = decodeValue(metadata, schemaOf(objectMeta))
    for (const [, name] of strictErrors.map((text) => /^unknown field (".*")$/.exec(text) ?? []))
      if (name !== undefined) this.unknownFields.push(`${path}.${JSON.parse(name)}`)
    if (!object.creationTimestamp) delete object.creationTimestamp
    return object
  }

  /** Field by field, without those that have another form. */
  #decodeFields(metadata: JsonObject, path: string): JsonObject {
    const kept: JsonObject = {}
    for (const [name, value] of Object.entries(metadata)) {
      try {
        Object.assign(kept, this.#decode({ [name]: value }, path))
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
    return kept
  }
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/**
 * What is wrong with the apiVersion, kind and metadata of embedded objects. After Validate of
 * apiextensions-apiserver pkg/apiserver/schema/objectmeta validation.go v1.36.
 */
export function embeddedErrors(
  value: unknown,
  schema: StructuralSchema | undefined,
  { path = '', isResourceRoot = false }: EmbeddedOptions = {},
): FieldError[] {
  const root = rootSchema(schema, isResourceRoot)
  if (root === undefined) return []
  if (Array.isArray(value))
    return value.flatMap((item, index) => embeddedErrors(item, root.items, { path: `${path}[${index}]` }))
  if (!isJsonObject(value)) return []
  const errors = root.embeddedResource ? objectErrors(value, path) : []
  for (const name of Object.keys(value))
    errors.push(...embeddedErrors(value[name], memberSchema(root, name), { path: memberPath(root, path, name) }))
  return errors
}

function objectErrors(object: JsonObject, path: string): FieldError[] {
  const errors = ['apiVersion', 'kind']
    .filter((name) => !Object.hasOwn(object, name))
    .map((name) => requiredField(join(path, name)))
  for (const name of Object.keys(object)) {
    const rule = objectRules.get(name)
    if (rule !== undefined) errors.push(...rule(object[name], join(path, name)))
  }
  return errors
}

const objectRules: ReadonlyMap<string, (value: unknown, path: string) => FieldError[]> = new Map([
  ['apiVersion', apiVersionErrors],
  ['kind', kindErrors],
  ['metadata', embeddedMetadataErrors],
])

function apiVersionErrors(apiVersion: unknown, path: string): FieldError[] {
  if (typeof apiVersion !== 'string') return [invalidField(path, apiVersion, 'must be a string')]
  if (apiVersion === '') return [invalidField(path, apiVersion, 'must not be empty')]
  if (apiVersion.split('/').length <= 2) return []
  return [invalidField(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
}

function kindErrors(kind: unknown, path: string): FieldError[] {
  if (typeof kind !== 'string') return [invalidField(path, kind, 'must be a string')]
  if (kind === '') return [invalidField(path, kind, 'must not be empty')]
  const reasons = serviceLabelErrors(kind.toLowerCase())
  if (reasons.length === 0) return []
  return [invalidField(path, kind, `may have mixed case, but should otherwise match: ${reasons.join(',')}`)]
}

function embeddedMetadataErrors(metadata: unknown, path: string): FieldError[] {
  let decoded: ObjectMeta
  try {
    decoded = decodeValue(metadata ?? {}, schemaOf(objectMeta)).object
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return [invalidField(path, metadata, error.message)]
  }
  // A name is not asked for; the rules would.
  const named = { ...decoded, name: decoded.name || 'fakename' }
  return metadataErrors(named, Boolean(decoded.namespace), pathSegmentName).map((error) => ({
    ...error,
    field: error.field.replace(/^metadata/, path),
  }))
}

/** Properties stand behind a dot, other members in brackets. */
function memberPath(schema: StructuralSchema, path: string, name: string): string {
  return schema.properties.has(name) ? join(path, name) : `${path}[${name}]`
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
