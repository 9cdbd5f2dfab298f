import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import { checkRequiredOneOf } from '../checks.ts'
import { subdomainNameErrors } from '../formats.ts'
import { conversionErrors } from './conversion.ts'
import { goVersion } from './go-form.ts'
import { type InternalSpec, type InternalVersion, schemasOf, type VersionContents } from './internal-form.ts'
import { labelErrors, namesErrors } from './names.ts'
import { rootSchemaErrors } from './root-schema.ts'
import { someSchema } from './schema-tree.ts'
import { selectableFieldsErrors } from './selectable-fields.ts'
import { columnErrors, subresourcesErrors } from './subresources.ts'
import type { ValidationOptions } from './validation-options.ts'

/** After validateCustomResourceDefinitionSpec of apiextensions validation.go v1.36. */
export function specErrors(internal: InternalSpec, asked: ValidationOptions): FieldError[] {
  const { spec } = internal
  const options = structuralWhereNeeded(internal, asked)
  const errors = groupErrors(spec.group ?? '')
  checkRequiredOneOf(spec.scope, ['Cluster', 'Namespaced'], 'spec.scope', errors)
  errors.push(...missingSchemaErrors(internal, options))
  if (spec.preserveUnknownFields && hasDefaults(internal)) {
    const why = 'must be false in order to use defaults in the schema'
    errors.push(invalidField('spec.preserveUnknownFields', true, why))
  }
  errors.push(...versionsErrors(internal, options))
  errors.push(...requiredNamesErrors(internal), ...namesErrors(spec.names, 'spec.names'))
  errors.push(...sharedErrors(internal, options))
  const strategy = spec.conversion?.strategy
  if (spec.conversion && strategy !== 'None' && spec.preserveUnknownFields) {
    const why = 'must be None if spec.preserveUnknownFields is true'
    errors.push(invalidField('spec.conversion.strategy', strategy ?? '', why))
  }
  return [...errors, ...conversionErrors(spec.conversion, options)]
}

/** Pruning, defaults and extensions work by structural schemas only. */
function structuralWhereNeeded(internal: InternalSpec, options: ValidationOptions): ValidationOptions {
  const extended = schemasOf(internal).some((schema) =>
    someSchema(schema, (one) => extensions.some((name) => one[name])),
  )
  const isNeeded = !internal.spec.preserveUnknownFields || hasDefaults(internal) || extended
  return isNeeded ? { ...options, requireStructuralSchema: true } : options
}

const extensions = [
  'x-kubernetes-embedded-resource',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-validations',
] as const

function hasDefaults(internal: InternalSpec): boolean {
  return schemasOf(internal).some((schema) => someSchema(schema, (one) => (one.default ?? null) !== null))
}

function groupErrors(group: string): FieldError[] {
  if (group === '') return [requiredField('spec.group')]
  const reasons = subdomainNameErrors(group)
  if (reasons.length > 0) return [invalidField('spec.group', group, reasons.join(','))]
  return group.includes('.') ? [] : [invalidField('spec.group', group, 'should be a domain with at least one dot')]
}

function missingSchemaErrors({ spec, schema, versions }: InternalSpec, options: ValidationOptions): FieldError[] {
  if (schema?.openAPIV3Schema) return []
  const why = options.requireSchema ? '' : 'because otherwise all fields are pruned'
  const isAsked = ({ served }: InternalVersion) => options.requireSchema || (served && !spec.preserveUnknownFields)
  return versions.flatMap((version, index) =>
    isAsked(version) && !version.schema?.openAPIV3Schema
      ? [requiredField(`spec.versions[${index}].schema.openAPIV3Schema`, why)]
      : [],
  )
}

function versionsErrors(internal: InternalSpec, options: ValidationOptions): FieldError[] {
  const { versions, version: first } = internal
  const errors = versions.flatMap((version, index) => {
    const path = `spec.versions[${index}]`
    return [
      ...labelErrors(version.name, `${path}.name`),
      ...deprecationErrors(version, `${path}.deprecationWarning`),
      ...contentsErrors(version, {
        path,
        schemaPath: `${path}.schema`,
        hasStatus: (internal.subresources ?? version.subresources)?.status !== undefined,
        version: version.name,
        options,
      }),
    ]
  })
  const quoted = versions.length === 0 ? null : versions.map(goVersion)
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalidField('spec.versions', quoted, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalidField('spec.versions', quoted, 'must have exactly one version marked as storage version'))
  return first === '' ? errors : [...errors, ...labelErrors(first, 'spec.version')]
}

/** What all versions share. */
function sharedErrors(internal: InternalSpec, options: ValidationOptions): FieldError[] {
  const holders: readonly VersionContents[] = [internal, ...internal.versions]
  const hasStatus = holders.some(({ subresources }) => subresources?.status !== undefined)
  return contentsErrors(internal, {
    path: 'spec',
    schemaPath: 'spec.validation',
    hasStatus,
    version: internal.version,
    isShared: true,
    options,
  })
}

interface ContentsOptions {
  readonly path: string
  readonly schemaPath: string
  readonly hasStatus: boolean
  readonly version: string
  readonly isShared?: boolean
  readonly options: ValidationOptions
}

function contentsErrors(contents: VersionContents, here: ContentsOptions): FieldError[] {
  const { path, options, version, hasStatus, isShared = false } = here
  const { schema, subresources, additionalPrinterColumns = [], selectableFields = [] } = contents
  const isUnchanged = options.unchangedSchemas.has(version)
  const errors = [
    ...rootSchemaErrors(schema, { path: here.schemaPath, options, hasStatus, isUnchanged }),
    ...subresourcesErrors(subresources, `${path}.subresources`),
    ...additionalPrinterColumns.flatMap((column, index) =>
      columnErrors(column, `${path}.additionalPrinterColumns[${index}]`),
    ),
  ]
  if (selectableFields.length === 0) return errors
  if (schema?.openAPIV3Schema === undefined) {
    const why = isShared
      ? 'may only be set when validations.schema is included'
      : 'may only be set when `version.schema.openAPIV3Schema` is not included'
    return [...errors, invalidField(`${path}.selectableFields`, '', why)]
  }
  const allowTooMany = options.tooManySelectableFields.has(isShared ? '' : version)
  return [...errors, ...selectableFieldsErrors(selectableFields, schema.openAPIV3Schema, { path, allowTooMany })]
}

const maxWarningBytes = 256

function deprecationErrors({ deprecated, deprecationWarning }: InternalVersion, path: string): FieldError[] {
  if (deprecationWarning === undefined) return []
  if (!deprecated) return [invalidField(path, deprecationWarning, 'can only be set for deprecated versions')]
  const reasons: string[] = []
  if (Buffer.byteLength(deprecationWarning) > maxWarningBytes) reasons.push('must be <= 256 characters long')
  if (deprecationWarning === '') reasons.push('must not be an empty string')
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(deprecationWarning)
  if (unprintable) {
    const at = Buffer.byteLength(deprecationWarning.slice(0, unprintable.index))
    reasons.push(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`)
  }
  return reasons.map((why) => invalidField(path, deprecationWarning, why))
}

/** Names that the specification must have, though the status need not. */
function requiredNamesErrors({ spec }: InternalSpec): FieldError[] {
  const required = ['plural', 'singular', 'kind', 'listKind'] as const
  return required.filter((name) => !spec.names?.[name]).map((name) => requiredField(`spec.names.${name}`))
}
