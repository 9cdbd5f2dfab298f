import { memberSchema, type StructuralSchema } from './structural-schema.ts'
import { copyJson, isJsonObject, type JsonObject, setMember } from './values.ts'

/**
 * Fills `value`, in place, with the defaults of the schema; idempotent. A null where the schema allows none counts as
 * absent. After apiextensions-apiserver pkg/apiserver/schema/defaulting algorithm.go.
 */
export function applySchemaDefaults(value: unknown, schema: StructuralSchema | undefined): void {
  if (schema === undefined) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (isRefusedNull(item, schema.items)) value[index] = copyJson(schema.items?.default ?? null)
      applySchemaDefaults(value[index], schema.items)
    }
  } else if (isJsonObject(value)) defaultMembers(value, schema)
}

function defaultMembers(object: JsonObject, schema: StructuralSchema): void {
  for (const [name, property] of schema.properties) {
    if (property.default === undefined) continue
    if (!Object.hasOwn(object, name) || isRefusedNull(object[name], property))
      setMember(object, name, copyJson(property.default))
  }
  for (const name of Object.keys(object)) {
    const member = memberSchema(schema, name)
    if (!schema.properties.has(name) && isRefusedNull(object[name], member))
      setMember(object, name, copyJson(member?.default ?? null))
    applySchemaDefaults(object[name], member)
  }
}

/**
 * Removes, in place, nulls of members that may not be null and have no default. Those that have one are left to
 * `applySchemaDefaults`. After PruneNonNullableNullsWithoutDefaults of prunenulls.go.
 */
export function dropRefusedNulls(value: unknown, schema: StructuralSchema | undefined): void {
  if (Array.isArray(value)) for (const item of value) dropRefusedNulls(item, schema?.items)
  else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      const member = schema && memberSchema(schema, name)
      if (isRefusedNull(value[name], member) && member?.default === undefined) delete value[name]
      else dropRefusedNulls(value[name], member)
    }
  }
}

function isRefusedNull(value: unknown, schema: StructuralSchema | undefined): boolean {
  return value === null && schema !== undefined && !schema.nullable
}
