import { setMaxListeners } from 'node:events'
import type { ResourceDefinition, Subresource, Verb } from '../../api/resource-definition.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from '../../api/types/apiextensions/v1.ts'
import { apiVersionOf, type DeepReadonly } from '../../machinery/object.ts'
import type { Held } from '../object-reader.ts'
import { customColumns } from './columns.ts'
import { noConversion, remoteConversion } from './conversion.ts'
import { canonicalCustom, decodeCustom } from './custom-form.ts'
import { deprecationWarning } from './deprecation.ts'
import { openApiType } from './open-api-type.ts'
import { customSelectableFields } from './selectable-fields.ts'
import { customStatusStrategy, customStrategy } from './strategy.ts'
import { type VersionFields, versionFields } from './version-fields.ts'
import { type VersionSchemas, versionSchemas } from './version-schemas.ts'
import { type ConversionServices, type ConvertObjects, webhookConverter } from './webhook-converter.ts'

/** What a CustomResourceDefinition is served as: one definition a version. */
export interface CustomResource {
  /** Of the versions that are served. */
  readonly served: readonly ResourceDefinition[]
  /** Of the version that objects are stored in, whether it is served or not. */
  readonly stored: ResourceDefinition
  /** Ends what is based on these definitions. */
  retire(): void
}

/** In the order of upstream's discovery. */
const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

/**
 * The resource that a definition whose names are accepted describes. Schemas are read, and rules compiled, when they
 * are first needed: a cluster may have hundreds of definitions of which nobody uses most.
 */
export function customResource(
  definition: Held<CustomResourceDefinition>,
  services: ConversionServices,
): CustomResource {
  const retirement = new AbortController()
  // One watch, one listener.
  setMaxListeners(0, retirement.signal)
  const schemas = versionSchemas(definition.spec.versions)
  const fields = versionFields(definition, schemas)
  const convert =
    definition.spec.conversion?.strategy === 'Webhook' ? webhookConverter(definition, services) : undefined
  const make = (version: Version) =>
    resourceDefinition({ definition, version, schemas, fields, convert, retired: retirement.signal })
  const made = new Map(definition.spec.versions.map((version) => [version.name, make(version)]))
  return {
    served: definition.spec.versions.filter(({ served }) => served).map(({ name }) => made.get(name)!),
    stored: made.get(storageVersion(definition))!,
    retire: () => retirement.abort(),
  }
}

type Version = DeepReadonly<CustomResourceDefinitionVersion>

function storageVersion({ spec }: Held<CustomResourceDefinition>): string {
  return spec.versions.find(({ storage }) => storage)!.name
}

interface VersionContext {
  readonly definition: Held<CustomResourceDefinition>
  readonly version: Version
  readonly schemas: VersionSchemas
  readonly fields: VersionFields
  /** Undefined: versions differ in nothing but their name. */
  readonly convert: ConvertObjects | undefined
  readonly retired: AbortSignal
}

function resourceDefinition(context: VersionContext): ResourceDefinition {
  const { definition, version, schemas, fields, retired } = context
  const { group, scope } = definition.spec
  const {
    plural,
    singular = '',
    kind,
    listKind = '',
    shortNames = [],
    categories = [],
  } = definition.status!.acceptedNames!
  const schema = () => schemas.of(version.name)
  const apiVersion = apiVersionOf({ group, version: version.name })
  const storageApiVersion = apiVersionOf({ group, version: storageVersion(definition) })
  const conversion = { apiVersion, storageApiVersion, schemas }
  const deprecation = deprecationWarning(definition.spec, version)
  return {
    group,
    version: version.name,
    kind,
    listKind,
    plural,
    singular,
    shortNames,
    categories,
    namespaced: scope === 'Namespaced',
    verbs,
    get schema() {
      return fields.of(apiVersion)!
    },
    storagePrefix: `${group}/${plural}`,
    conversion: context.convert ? remoteConversion(conversion, context.convert) : noConversion(conversion),
    applyDefaults: (object) => schemas.applyDefaults(object, version.name),
    strategy: customStrategy({ schema, subresources: version.subresources }),
    columns: customColumns(version.additionalPrinterColumns),
    ...(version.selectableFields && { selectableFields: customSelectableFields(version.selectableFields) }),
    subresources: subresourcesOf(context),
    ...(deprecation !== undefined && { deprecation }),
    custom: {
      decode: (value) => decodeCustom(value, schema()),
      canonical: (draft) => canonicalCustom(draft, schema()),
      fieldsOf: (apiVersion) => fields.of(apiVersion),
      openApi: (dialect) =>
        openApiType({
          schema: version.schema?.openAPIV3Schema,
          dialect,
          groupVersionKind: { group, version: version.name, kind },
          selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
        }),
      retired,
    },
  }
}

const partVerbs: readonly Verb[] = ['get', 'patch', 'update']

function subresourcesOf({ definition, version, schemas }: VersionContext): Record<string, Subresource> {
  const subresources: DeepReadonly<CustomResourceSubresources> | undefined = version.subresources
  const schema = () => schemas.of(version.name)
  const { status, scale } = subresources ?? {}
  return {
    ...(status && {
      status: { kind: 'part', verbs: partVerbs, strategy: customStatusStrategy({ schema, subresources }) },
    }),
    ...(scale && {
      scale: {
        kind: 'scale',
        scale: {
          specReplicas: scale.specReplicasPath,
          specReplicasOfOthers: replicasPaths(definition),
          statusReplicas: scale.statusReplicasPath,
          ...(scale.labelSelectorPath !== undefined && { labelSelector: scale.labelSelectorPath }),
        },
      },
    }),
  }
}

function replicasPaths({ spec }: Held<CustomResourceDefinition>): Record<string, string | null> {
  return Object.fromEntries(
    spec.versions.map(({ name, subresources }) => [
      apiVersionOf({ group: spec.group, version: name }),
      subresources?.scale?.specReplicasPath ?? null,
    ]),
  )
}
