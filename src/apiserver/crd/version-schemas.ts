import type { CustomResourceDefinitionVersion } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { applySchemaDefaults } from '../../machinery/structural-schema/defaults.ts'
import {
  emptySchema,
  parseStructuralSchema,
  type StructuralSchema,
} from '../../machinery/structural-schema/structural-schema.ts'

/** The schemas of the versions of a definition, each read when it is first needed. */
export interface VersionSchemas {
  has(version: string): boolean
  /** Throws for a version that the definition does not have. */
  of(version: string): StructuralSchema
  /** Fills, in place, what an object of this version leaves out. */
  applyDefaults(object: unknown, version: string): void
}

/** What objects of a definition without schema are: anything. Only versions before v1 had such. */
const anything: StructuralSchema = { ...emptySchema, types: ['object'], preserveUnknownFields: true }

export function versionSchemas(versions: readonly DeepReadonly<CustomResourceDefinitionVersion>[]): VersionSchemas {
  const read = new Map<string, StructuralSchema>()
  const schemas: VersionSchemas = {
    has: (name) => versions.some((one) => one.name === name),
    of(name) {
      const known = read.get(name)
      if (known) return known
      const version = versions.find((one) => one.name === name)
      if (!version) throw new Error(`no version ${name} in the custom resource definition`)
      const { openAPIV3Schema } = version.schema ?? {}
      const schema = openAPIV3Schema ? parseStructuralSchema(openAPIV3Schema) : anything
      read.set(name, schema)
      return schema
    },
    applyDefaults: (object, version) => applySchemaDefaults(object, schemas.of(version)),
  }
  return schemas
}
