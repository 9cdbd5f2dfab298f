import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, invalidField, requiredField, tooManyField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { formatFieldPath, resolveFieldPath } from '../../../machinery/structural-schema/field-path.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import {
  NotStructuralError,
  parseStructuralSchema,
  type StructuralSchema,
} from '../../../machinery/structural-schema/structural-schema.ts'
import type { SelectableField } from '../../types/apiextensions/v1.ts'

export const maxSelectableFields = 8

export interface SelectableFieldsOptions {
  /** Where the version stands: `spec`, or `spec.versions[0]`. */
  readonly path: string
  /** There were more before, and they are the same. */
  readonly allowTooMany: boolean
}

/** After ValidateCustomResourceSelectableFields of apiextensions validation.go v1.36. */
export function selectableFieldsErrors(
  fields: readonly DeepReadonly<SelectableField>[],
  schema: JsonSchema,
  { path, allowTooMany }: SelectableFieldsOptions,
): FieldError[] {
  const parsed = parse(schema)
  if (parsed instanceof NotStructuralError) return [invalidField(`${path}.schema.openAPIV3Schema`, '', parsed.message)]
  const found = new Set<string>()
  const errors = fields.flatMap(({ jsonPath = '' }, index) =>
    fieldErrors(jsonPath, parsed, { path: `${path}.selectableFields[${index}].jsonPath`, found }),
  )
  if (found.size > maxSelectableFields && !allowTooMany)
    errors.push(tooManyField(`${path}.selectableFields`, found.size, maxSelectableFields))
  return errors
}

function parse(schema: JsonSchema): StructuralSchema | NotStructuralError {
  try {
    return parseStructuralSchema(schema)
  } catch (error) {
    if (error instanceof NotStructuralError) return error
    throw error
  }
}

const selectableTypes = ['string', 'boolean', 'integer']

function fieldErrors(
  jsonPath: string,
  schema: StructuralSchema,
  { path, found }: { readonly path: string; readonly found: Set<string> },
): FieldError[] {
  if (jsonPath === '') return [requiredField(path)]
  const result = resolveFieldPath(jsonPath, schema, { allowBrackets: false })
  if (!result.ok) return [invalidField(path, jsonPath, `is an invalid path: ${result.why}`)]
  const errors: FieldError[] = []
  if (result.steps[0]?.name === 'metadata')
    errors.push(invalidField(path, jsonPath, 'must not point to fields in metadata'))
  const { types } = result.schema
  if (types.length !== 1 || !selectableTypes.includes(types[0]!)) {
    const why =
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
    errors.push(invalidField(path, jsonPath, why))
  }
  const place = formatFieldPath(result.steps)
  if (found.has(place)) errors.push(duplicateField(path, jsonPath))
  found.add(place)
  return errors
}
