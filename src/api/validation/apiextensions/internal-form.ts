import type { DeepReadonly } from '../../../machinery/object.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import { equalJson } from '../../../machinery/structural-schema/values.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from '../../types/apiextensions/v1.ts'

/**
 * The form that upstream validates, and whose paths its errors name: what all versions share stands beside them
 * (`spec.validation`, `spec.subresources`…), and they have it no more. After apiextensions/v1 conversion.go v1.36.
 */
export interface InternalSpec extends VersionContents {
  readonly spec: DeepReadonly<CustomResourceDefinitionSpec>
  /** The name of the first version; empty when there is none. */
  readonly version: string
  readonly versions: readonly InternalVersion[]
}

export interface VersionContents {
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema }
  readonly subresources?: DeepReadonly<CustomResourceSubresources>
  readonly additionalPrinterColumns?: readonly DeepReadonly<CustomResourceColumnDefinition>[]
  readonly selectableFields?: readonly DeepReadonly<SelectableField>[]
}

export interface InternalVersion extends VersionContents {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated: boolean
  readonly deprecationWarning?: string
}

const contents = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const

export function internalSpec(spec: DeepReadonly<CustomResourceDefinitionSpec>): InternalSpec {
  const versions = spec.versions ?? []
  const shared = contents.filter((name) => versions.every((version) => isSame(version[name], versions[0]?.[name])))
  return {
    spec,
    version: versions[0]?.name ?? '',
    ...(versions[0] && pick(versions[0], shared)),
    versions: versions.map((version) => ({
      name: version.name ?? '',
      served: version.served ?? false,
      storage: version.storage ?? false,
      deprecated: version.deprecated ?? false,
      ...(version.deprecationWarning !== undefined && { deprecationWarning: version.deprecationWarning }),
      ...pick(
        version,
        contents.filter((name) => !shared.includes(name)),
      ),
    })),
  }
}

function pick(
  version: DeepReadonly<CustomResourceDefinitionVersion>,
  names: readonly (typeof contents)[number][],
): VersionContents {
  return Object.fromEntries(names.filter((name) => version[name] !== undefined).map((name) => [name, version[name]]))
}

/** Whether two parts are the same; an empty list is none. */
function isSame(one: unknown, other: unknown): boolean {
  const isNone = (part: unknown) => part === undefined || (Array.isArray(part) && part.length === 0)
  return (isNone(one) && isNone(other)) || equalJson(one, other)
}

/** Every schema of the definition. */
export function schemasOf({ schema, versions }: InternalSpec): JsonSchema[] {
  return [schema, ...versions.map((version) => version.schema)].flatMap((one) => one?.openAPIV3Schema ?? [])
}
