import type { JsonSchema } from '../../machinery/structural-schema/json-schema.ts'

const intOrString = 'int-or-string'

/**
 * A schema of an OpenAPI document with what it refers to in the place of the references. Where a schema refers to
 * itself stands an object of which nothing is known. After apiserver cel/openapi/resolver/refs.go PopulateRefs v1.36.
 */
export function populateReferences(
  schemas: Readonly<Record<string, JsonSchema>>,
  schema: JsonSchema,
  within: readonly string[] = [],
): JsonSchema {
  const reference = referenceOf(schema)
  if (reference !== undefined && within.includes(reference)) return { type: 'object' }
  const target = reference === undefined ? schema : schemas[reference]
  if (target === undefined) return {}
  const path = reference === undefined ? within : [...within, reference]
  const populate = (inner: JsonSchema) => populateReferences(schemas, inner, path)
  const { type, format, properties, items, additionalProperties } = target
  return {
    ...(type !== undefined && { type }),
    ...(format !== undefined && { format }),
    ...(isIntOrString(target) && { 'x-kubernetes-int-or-string': true }),
    ...(target['x-kubernetes-embedded-resource'] && { 'x-kubernetes-embedded-resource': true }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, populate(inner)])),
    }),
    ...(items && !isList(items) && { items: populate(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: populate(additionalProperties) }),
  }
}

function isIntOrString(schema: JsonSchema): boolean {
  return schema.format === intOrString || schema['x-kubernetes-int-or-string'] === true
}

function isList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items)
}

/** The name that a schema refers to, itself or in an `allOf` around the reference, which keeps its description. */
function referenceOf({ $ref, allOf = [] }: JsonSchema): string | undefined {
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf('/') + 1)
  return allOf.map(referenceOf).find((reference) => reference !== undefined)
}
