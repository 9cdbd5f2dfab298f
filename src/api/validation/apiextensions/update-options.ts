import type { DeepReadonly } from '../../../machinery/object.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import { structuralErrors } from '../../../machinery/structural-schema/structural-errors.ts'
import { NotStructuralError, parseStructuralSchema } from '../../../machinery/structural-schema/structural-schema.ts'
import { equalJson } from '../../../machinery/structural-schema/values.ts'
import type { CustomResourceDefinition } from '../../types/apiextensions/v1.ts'
import { caBundleError, hasAcceptedReviewVersion } from './conversion.ts'
import { type InternalSpec, internalSpec, schemasOf } from './internal-form.ts'
import { isNonAtomicSet, keyRuleErrors } from './list-rules.ts'
import { pruneDefaults } from './prune-defaults.ts'
import { isSchemaType } from './schema-standard.ts'
import { someSchema } from './schema-tree.ts'
import { maxSelectableFields } from './selectable-fields.ts'
import type { ValidationOptions } from './validation-options.ts'

/** What the old definition did not keep is not asked of the new one. */
export function updateOptions(
  definition: DeepReadonly<CustomResourceDefinition>,
  old: DeepReadonly<CustomResourceDefinition>,
): ValidationOptions {
  const spec = internalSpec(old.spec)
  const schemas = schemasOf(spec)
  const established = isEstablished(old)
  const { webhook } = old.spec.conversion ?? {}
  const hadCaBundleError = caBundleError(webhook?.clientConfig?.caBundle ?? '') !== undefined
  const none = (isSuch: (schema: JsonSchema) => boolean) => !schemas.some((schema) => someSchema(schema, isSuch))
  return {
    requireRecognizedReviewVersion: hasAcceptedReviewVersion(webhook?.conversionReviewVersions ?? []),
    requireImmutableNames: established,
    requireSchema: hasSchemas(spec),
    requireValidTypes: none(({ type }) => !isSchemaType(type)),
    requireStructuralSchema: schemas.every(isStructural),
    requirePrunedDefaults: !schemas.some(hasUnprunedDefaults),
    requireAtomicSets: none(isNonAtomicSet),
    requireListKeys: none((schema) => keyRuleErrors(schema, '').length > 0),
    allowInvalidCaBundle: !established || (Boolean(webhook?.clientConfig?.caBundle) && hadCaBundleError),
    unchangedSchemas: unchangedVersions(definition, old, ({ schema }) => schema),
    tooManySelectableFields: manySelectableFields(definition, old),
  }
}

function isEstablished({ status }: DeepReadonly<CustomResourceDefinition>): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') ?? false
  )
}

function hasSchemas({ schema, versions }: InternalSpec): boolean {
  return (
    schema?.openAPIV3Schema !== undefined || versions.every((version) => version.schema?.openAPIV3Schema !== undefined)
  )
}

function isStructural(schema: JsonSchema): boolean {
  try {
    parseStructuralSchema(schema)
  } catch (error) {
    if (error instanceof NotStructuralError) return false
    throw error
  }
  return structuralErrors(schema, '').length === 0
}

function hasUnprunedDefaults(schema: JsonSchema): boolean {
  if (!isStructural(schema)) return false
  const parsed = parseStructuralSchema(schema)
  return pruneDefaults(parsed) !== parsed
}

type Version = DeepReadonly<CustomResourceDefinition['spec']['versions'][number]>

/** The names of versions of which a part is what it was. */
function unchangedVersions(
  definition: DeepReadonly<CustomResourceDefinition>,
  old: DeepReadonly<CustomResourceDefinition>,
  part: (version: Version) => unknown,
): Set<string> {
  const oldVersions = new Map((old.spec.versions ?? []).map((version) => [version.name, version]))
  const unchanged = (definition.spec.versions ?? []).filter((version) => {
    const before = oldVersions.get(version.name)
    return before !== undefined && equalJson(part(version), part(before))
  })
  return new Set(unchanged.map(({ name }) => name))
}

function manySelectableFields(
  definition: DeepReadonly<CustomResourceDefinition>,
  old: DeepReadonly<CustomResourceDefinition>,
): Set<string> {
  const names = unchangedVersions(definition, old, ({ selectableFields }) => selectableFields ?? [])
  const tooMany = (old.spec.versions ?? []).filter(
    ({ name, selectableFields = [] }) => names.has(name) && selectableFields.length > maxSelectableFields,
  )
  const found = new Set(tooMany.map(({ name }) => name))
  const shared = internalSpec(old.spec).selectableFields ?? []
  if (shared.length > maxSelectableFields && equalJson(shared, internalSpec(definition.spec).selectableFields))
    found.add('')
  return found
}
