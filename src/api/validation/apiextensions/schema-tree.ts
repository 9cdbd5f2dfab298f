import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'

/** Whether a schema or any below it, branches and unsupported parts included, is such a one. After SchemaHas. */
export function someSchema(schema: JsonSchema, isSuch: (schema: JsonSchema) => boolean): boolean {
  return isSuch(schema) || childrenOf(schema).some((child) => someSchema(child, isSuch))
}

function childrenOf(schema: JsonSchema): JsonSchema[] {
  const { items, allOf, anyOf, oneOf, not, properties, additionalProperties, additionalItems } = schema
  const { patternProperties, definitions, dependencies } = schema
  return [
    ...schemasIn(items),
    ...schemasIn(allOf),
    ...schemasIn(anyOf),
    ...schemasIn(oneOf),
    ...schemasIn(not),
    ...Object.values(properties ?? {}),
    ...schemasIn(additionalProperties),
    ...Object.values(patternProperties ?? {}),
    ...schemasIn(additionalItems),
    ...Object.values(definitions ?? {}),
    ...Object.values(dependencies ?? {}).flatMap(schemasIn),
  ]
}

function schemasIn(value: JsonSchema | readonly (JsonSchema | string)[] | boolean | undefined): JsonSchema[] {
  const values = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  return values.filter((one): one is JsonSchema => typeof one === 'object' && one !== null)
}
