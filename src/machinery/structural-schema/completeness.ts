import type { FieldError } from '../errors.ts'
import { requiredField } from '../field-errors.ts'
import type { JsonSchema } from './json-schema.ts'

/**
 * What branches restrict although the schema itself does not have it: each property and items that they name must be
 * there outside of them. After apiextensions-apiserver pkg/apiserver/schema complete.go v1.36.
 */
export function completenessErrors(schema: JsonSchema, path: string): FieldError[] {
  return branchesCompleteness(schema, schema, { path, branchPath: path })
}

interface Places {
  /** Of the schema. */
  readonly path: string
  /** Of the branch that restricts it. */
  readonly branchPath: string
}

function branchesCompleteness(branch: JsonSchema, schema: JsonSchema, { path, branchPath }: Places): FieldError[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = branch
  const below = (one: JsonSchema, place: string) =>
    branchCompleteness(one, schema, { path, branchPath: `${branchPath}.${place}` })
  return [
    ...(not === undefined ? [] : below(not, 'not')),
    ...allOf.flatMap((one, index) => below(one, `allOf[${index}]`)),
    ...anyOf.flatMap((one, index) => below(one, `anyOf[${index}]`)),
    ...oneOf.flatMap((one, index) => below(one, `oneOf[${index}]`)),
  ]
}

function branchCompleteness(branch: JsonSchema, schema: JsonSchema | undefined, places: Places): FieldError[] {
  const { path, branchPath } = places
  if (schema === undefined) return [requiredField(path, `because it is defined in ${branchPath}`)]
  const errors = branchesCompleteness(branch, schema, places)
  const at = (place: string) => ({ path: `${path}.${place}`, branchPath: `${branchPath}.${place}` })
  if (branch.items !== undefined)
    errors.push(...branchCompleteness(oneSchema(branch.items) ?? {}, oneSchema(schema.items), at('items')))
  const { properties = {} } = schema
  for (const [name, property] of Object.entries(branch.properties ?? {})) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    errors.push(...branchCompleteness(property, known, at(`properties[${name}]`)))
  }
  return errors
}

function oneSchema(items: JsonSchema['items']): JsonSchema | undefined {
  return items === undefined || Array.isArray(items) ? undefined : (items as JsonSchema)
}
