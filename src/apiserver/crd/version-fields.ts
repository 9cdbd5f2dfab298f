import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts'
import { parseApiVersion } from '../../machinery/object.ts'
import type { ObjectSchema } from '../../machinery/schema.ts'
import type { Held } from '../object-reader.ts'
import { objectSchema } from './object-schema.ts'
import type { VersionSchemas } from './version-schemas.ts'

/** The tables of fields of the versions of a definition, each made when it is first needed. */
export interface VersionFields {
  /** `undefined` for a version that the definition does not have. */
  of(apiVersion: string): ObjectSchema | undefined
}

/** The tables are named as OpenAPI names types: `com.example.v1.Foo`. */
export function versionFields(
  { spec, status }: Held<CustomResourceDefinition>,
  schemas: VersionSchemas,
): VersionFields {
  const made = new Map<string, ObjectSchema>()
  const prefix = spec.group.split('.').reverse().join('.')
  return {
    of(apiVersion) {
      const { group, version } = parseApiVersion(apiVersion)
      const isDefined = group === spec.group && spec.versions.some(({ name }) => name === version)
      if (!isDefined) return undefined
      const known = made.get(version)
      if (known) return known
      const fields = objectSchema(`${prefix}.${version}.${status!.acceptedNames!.kind}`, schemas.of(version))
      made.set(version, fields)
      return fields
    },
  }
}
