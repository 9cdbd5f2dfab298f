import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField } from '../../../machinery/field-errors.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import { structuralErrors } from '../../../machinery/structural-schema/structural-errors.ts'
import {
  NotStructuralError,
  parseStructuralSchema,
  type StructuralSchema,
} from '../../../machinery/structural-schema/structural-schema.ts'
import { defaultErrors } from './default-errors.ts'
import { goSchema } from './go-form.ts'
import type { VersionContents } from './internal-form.ts'
import { openApiSchemaErrors } from './open-api-schema.ts'
import { RuleContext } from './rule-context.ts'
import type { ValidationOptions } from './validation-options.ts'

export interface RootSchemaOptions {
  /** Of the schema's holder: `spec.validation`, or `spec.versions[0].schema`. */
  readonly path: string
  readonly options: ValidationOptions
  readonly hasStatus: boolean
  /** The version had this schema before: its rules may cost what they cost. */
  readonly isUnchanged: boolean
}

/** After validateCustomResourceDefinitionValidation of apiextensions validation.go v1.36. */
export function rootSchemaErrors(
  validation: VersionContents['schema'],
  { path: holder, options, hasStatus, isUnchanged }: RootSchemaOptions,
): FieldError[] {
  const schema = validation?.openAPIV3Schema
  if (schema === undefined) return []
  const path = `${holder}.openAPIV3Schema`
  const errors = hasStatus ? statusErrors(schema, path) : []
  if (schema.nullable) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'))
  const parsed = options.requireStructuralSchema ? parse(schema) : undefined
  let rules: RuleContext | undefined
  if (parsed !== undefined && !(parsed instanceof NotStructuralError)) {
    const wrong = structureErrors(schema, parsed, { path, options })
    errors.push(...wrong)
    if (wrong.length === 0) rules = RuleContext.root(parsed)
  }
  errors.push(...openApiSchemaErrors(schema, { path, options, rules, allowAnyCost: isUnchanged }))
  // What is said of a schema that cannot be read, the rules above say better.
  if (errors.length === 0 && parsed instanceof NotStructuralError) errors.push(invalidField(path, '', parsed.message))
  return [...errors, ...(rules?.costs.errors(path) ?? [])]
}

function parse(schema: JsonSchema): StructuralSchema | NotStructuralError {
  try {
    return parseStructuralSchema(schema)
  } catch (error) {
    if (error instanceof NotStructuralError) return error
    throw error
  }
}

function structureErrors(
  schema: JsonSchema,
  parsed: StructuralSchema,
  { path, options }: { readonly path: string; readonly options: ValidationOptions },
): FieldError[] {
  const errors = structuralErrors(schema, path)
  if (errors.length > 0) return errors
  return defaultErrors(parsed, { path, requirePruned: options.requirePrunedDefaults })
}

/** The fields of a schema in the order of Go's struct: the first one that may not stand here is named. */
const fieldOrder: readonly (keyof JsonSchema)[] = [
  'id',
  '$schema',
  '$ref',
  'type',
  'nullable',
  'default',
  'enum',
  'maxProperties',
  'minProperties',
  'allOf',
  'oneOf',
  'anyOf',
  'not',
  'additionalProperties',
  'patternProperties',
  'dependencies',
  'additionalItems',
  'definitions',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
]

const allowedAtRoot =
  '[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]'

/** With a status subresource the schema of the status is taken out, so that nothing around it may restrict it. */
function statusErrors(schema: JsonSchema, path: string): FieldError[] {
  const first = fieldOrder.find((name) => (name === 'type' ? isOtherType(schema) : isSet(schema[name])))
  if (first === undefined) return []
  const enabled = 'at the root of the schema if the status subresource is enabled'
  if (first === 'type')
    return [invalidField(`${path}.type`, schema.type, `only "object" is allowed as the type ${enabled}`)]
  return [invalidField(path, goSchema(schema), `only ${allowedAtRoot} fields are allowed ${enabled}`)]
}

function isOtherType({ type }: JsonSchema): boolean {
  return Boolean(type) && type !== 'object'
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false
}
