import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionSpec } from '../../types/apiextensions/v1.ts'
import { forPrefix, subdomainNameErrors } from '../formats.ts'
import { approvalErrors } from './approval.ts'
import { internalSpec } from './internal-form.ts'
import { namesErrors } from './names.ts'
import { specErrors } from './spec.ts'
import { updateOptions } from './update-options.ts'
import { createOptions, type ValidationOptions } from './validation-options.ts'

type Definition = DeepReadonly<CustomResourceDefinition>
type Spec = DeepReadonly<Partial<CustomResourceDefinitionSpec>>

/** What is wrong with a new definition, its metadata apart. After ValidateCustomResourceDefinition v1.36. */
export function definitionErrors(definition: Definition): FieldError[] {
  return wholeErrors(definition, undefined, createOptions)
}

const subdomainName = forPrefix(subdomainNameErrors)

/** Names of definitions follow from what they define. */
export function definitionNameErrors(name: string, prefix: boolean, definition?: Definition): readonly string[] {
  const { names, group = '' }: Spec = definition?.spec ?? {}
  const isNamedSo = name === `${names?.plural ?? ''}.${group}`
  return [...subdomainName(name, prefix), ...(isNamedSo ? [] : ['must be spec.names.plural+"."+spec.group'])]
}

/** After ValidateCustomResourceDefinitionUpdate. */
export function definitionUpdateErrors(definition: Definition, old: Definition): FieldError[] {
  return wholeErrors(definition, old, updateOptions(definition, old))
}

/** After ValidateUpdateCustomResourceDefinitionStatus. */
export function definitionStatusErrors(definition: Definition): FieldError[] {
  return namesErrors(definition.status?.acceptedNames, 'status.acceptedNames')
}

function wholeErrors(definition: Definition, old: Definition | undefined, options: ValidationOptions): FieldError[] {
  return [
    ...specErrors(internalSpec(definition.spec ?? {}), options),
    ...(old === undefined ? [] : immutableErrors(definition.spec ?? {}, old.spec, options)),
    ...definitionStatusErrors(definition),
    ...storedVersionsErrors(definition),
    ...approvalErrors(definition, old),
    ...preserveErrors(definition, old),
  ]
}

/** Group and names are in the keys and paths of the objects. */
function immutableErrors(spec: Spec, old: Spec, { requireImmutableNames }: ValidationOptions): FieldError[] {
  const fields: readonly (readonly [string, (spec: Spec) => string | undefined])[] = [
    ['spec.scope', ({ scope }) => scope],
    ['spec.names.kind', ({ names }) => names?.kind],
    ['spec.group', ({ group }) => group],
    ['spec.names.plural', ({ names }) => names?.plural],
  ]
  return fields
    .slice(requireImmutableNames ? 0 : 2)
    .filter(([, of]) => (of(spec) ?? '') !== (of(old) ?? ''))
    .map(([path, of]) => invalidField(path, of(spec) ?? '', 'field is immutable'))
}

function storedVersionsErrors({ spec, status }: Definition): FieldError[] {
  const path = 'status.storedVersions'
  const stored = status?.storedVersions ?? []
  if (stored.length === 0) return [invalidField(path, null, 'must have at least one stored version')]
  const versions = spec?.versions ?? []
  const missing = versions
    .filter(({ name, storage }) => storage && !stored.includes(name))
    .map(({ name }) => invalidField(path, stored, `must have the storage version ${name}`))
  const gone = stored.flatMap((name, index) => {
    if (versions.some((version) => version.name === name)) return []
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
    return [invalidField(`${path}[${index}]`, name, why)]
  })
  return [...missing, ...gone]
}

function preserveErrors({ spec }: Definition, old: Definition | undefined): FieldError[] {
  if (!spec?.preserveUnknownFields || old?.spec.preserveUnknownFields) return []
  const why = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  return [invalidField('spec.preserveUnknownFields', true, why)]
}
