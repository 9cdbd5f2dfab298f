import { additionalSchema, emptySchema, type StructuralSchema } from './structural-schema.ts'
import { isJsonObject, type JsonObject } from './values.ts'

const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

export interface PruneOptions {
  /** The value is a whole object: apiVersion, kind and metadata are known. */
  readonly isResourceRoot?: boolean
  /** Where the value stands, for the paths that are answered. */
  readonly path?: string
}

/**
 * Removes from `value`, in place, what the schema does not know, and answers the sorted paths of it, such as
 * `spec.list[0].unknown`. After apiextensions-apiserver pkg/apiserver/schema/pruning algorithm.go.
 */
export function pruneValue(
  value: unknown,
  schema: StructuralSchema | undefined,
  { isResourceRoot = false, path = '' }: PruneOptions = {},
): string[] {
  const root = isResourceRoot ? { ...(schema ?? emptySchema), embeddedResource: true } : schema
  const unknown: string[] = []
  prune(value, root, path, unknown)
  return unknown.sort()
}

function prune(value: unknown, schema: StructuralSchema | undefined, path: string, unknown: string[]): void {
  if (schema?.preserveUnknownFields) keepUnknown(value, schema, path, unknown)
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) prune(item, schema?.items, `${path}[${index}]`, unknown)
  else if (isJsonObject(value)) pruneMembers(value, schema, path, unknown)
}

function pruneMembers(object: JsonObject, schema: StructuralSchema | undefined, path: string, unknown: string[]): void {
  for (const name of Object.keys(object)) {
    if (schema?.embeddedResource && metaFields.has(name)) continue
    if (schema !== undefined && isKnown(schema, name))
      prune(object[name], schema.properties.get(name) ?? additionalSchema(schema), join(path, name), unknown)
    else {
      if (schema === undefined || path !== '' || !metaFields.has(name)) unknown.push(join(path, name))
      delete object[name]
    }
  }
}

/** Below x-kubernetes-preserve-unknown-fields pruning begins again where a property says what it holds. */
function keepUnknown(value: unknown, schema: StructuralSchema | undefined, path: string, unknown: string[]): void {
  if (schema === undefined) return
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) keepUnknown(item, schema.items, `${path}[${index}]`, unknown)
  else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      if (schema.embeddedResource && metaFields.has(name)) continue
      if (!isKnown(schema, name)) continue
      prune(value[name], schema.properties.get(name) ?? additionalSchema(schema), join(path, name), unknown)
    }
  }
}

function isKnown(schema: StructuralSchema, name: string): boolean {
  return schema.properties.has(name) || schema.additionalProperties !== undefined
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
