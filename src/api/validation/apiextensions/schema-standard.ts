import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, notSupportedField } from '../../../machinery/field-errors.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'

const schemaTypes = ['array', 'boolean', 'integer', 'number', 'object', 'string']

export function isSchemaType(type: string | undefined): boolean {
  return !type || schemaTypes.includes(type)
}

export interface StandardOptions {
  readonly requireValidTypes: boolean
  /** Why no defaults may stand here, such as `in top-level metadata`; `undefined`: they may. */
  readonly noDefaultsBecause: string | undefined
  /** Below the metadata of an object. */
  readonly isInsideMetadata: boolean
}

/** What OpenAPI has and a definition may not use. After specStandardValidatorV3.validate of validation.go v1.36. */
export function standardErrors(schema: JsonSchema, path: string, options: StandardOptions): FieldError[] {
  const errors: FieldError[] = []
  const forbid = (name: string, why: string) => errors.push(forbiddenField(`${path}.${name}`, why))
  if (options.requireValidTypes && !isSchemaType(schema.type))
    errors.push(notSupportedField(`${path}.type`, schema.type, schemaTypes))
  if (isSet(schema.default) && options.noDefaultsBecause !== undefined)
    forbid('default', `must not be set ${options.noDefaultsBecause}`)
  if (schema.id) forbid('id', 'id is not supported')
  if (schema.additionalItems !== undefined) forbid('additionalItems', 'additionalItems is not supported')
  if (hasMembers(schema.patternProperties)) forbid('patternProperties', 'patternProperties is not supported')
  if (hasMembers(schema.definitions)) forbid('definitions', 'definitions is not supported')
  if (schema.dependencies !== undefined) forbid('dependencies', 'dependencies is not supported')
  if (schema.$ref !== undefined) forbid('$ref', '$ref is not supported')
  if (schema.type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(schema.items) && schema.items.length > 0)
    forbid('items', 'items must be a schema object and not an array')
  if (options.isInsideMetadata && schema['x-kubernetes-embedded-resource'])
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  return errors
}

/** A null default is none. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function hasMembers(object: object | undefined): boolean {
  return Object.keys(object ?? {}).length > 0
}
