import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type { PersistentVolumeClaimSpec, TypedObjectReference } from '../types/core/v1.ts'
import { checkForm, checkOneOf } from './checks.ts'
import { labelFormErrors, subdomainNameErrors } from './formats.ts'
import { checkLabelSelector, type SelectorRules } from './label-selector.ts'

/** What a claim asks for. After pkg/apis/core/validation ValidatePersistentVolumeClaimSpec. */

export const accessModes: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

export function checkAccessModes(
  modes: readonly string[] | undefined,
  path: string,
  missing: string,
  errors: FieldError[],
): void {
  if (!modes?.length) errors.push(requiredField(path, missing))
  const supported = (modes ?? []).filter((mode) => accessModes.includes(mode))
  for (const mode of modes ?? [])
    if (!accessModes.includes(mode)) errors.push(notSupportedField(path, mode, accessModes))
  if (supported.includes('ReadWriteOncePod') && supported.some((mode) => mode !== 'ReadWriteOncePod')) {
    errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'))
  }
}

export interface ClaimRules extends SelectorRules {
  /** A claim that has a data source with a group may keep one of any form. */
  readonly allowInvalidApiGroup?: boolean
}

export function checkVolumeClaimSpec(
  spec: DeepReadonly<PersistentVolumeClaimSpec>,
  path: string,
  errors: FieldError[],
  rules: ClaimRules = {},
): void {
  checkClaimAccess(spec, rules, path, errors)
  const storage = spec.resources?.requests?.storage
  const storagePath = `${path}.resources[storage]`
  if (storage === undefined) errors.push(requiredField(storagePath))
  else if (parseQuantity(storage).nano <= 0n) {
    errors.push(invalidField(storagePath, storage, 'must be greater than zero'))
  }
  if (spec.storageClassName) checkForm(subdomainNameErrors, spec.storageClassName, `${path}.storageClassName`, errors)
  if (spec.volumeMode !== undefined) checkOneOf(spec.volumeMode, ['Block', 'Filesystem'], `${path}.volumeMode`, errors)
  checkDataSources(spec, rules, path, errors)
  if (spec.volumeAttributesClassName) {
    checkForm(subdomainNameErrors, spec.volumeAttributesClassName, `${path}.volumeAttributesClassName`, errors)
  }
}

/** The selector is checked between the modes' presence and their values. */
function checkClaimAccess(
  spec: DeepReadonly<PersistentVolumeClaimSpec>,
  rules: ClaimRules,
  path: string,
  errors: FieldError[],
): void {
  const modes: FieldError[] = []
  checkAccessModes(spec.accessModes, `${path}.accessModes`, 'at least 1 access mode is required', modes)
  const missing = modes.filter(({ type }) => type === 'FieldValueRequired')
  errors.push(...missing)
  checkLabelSelector(spec.selector, `${path}.selector`, errors, rules)
  errors.push(...modes.filter(({ type }) => type !== 'FieldValueRequired'))
}

/** Upstream means to show the path, which to Go's encoder is an object without members. */
const fieldPathForm = {}

function checkDataSources(
  spec: DeepReadonly<PersistentVolumeClaimSpec>,
  rules: ClaimRules,
  path: string,
  errors: FieldError[],
): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource) checkDataSource(dataSource, rules, `${path}.dataSource`, errors)
  if (dataSourceRef) {
    checkDataSource(dataSourceRef, rules, `${path}.dataSourceRef`, errors)
    const { namespace } = dataSourceRef
    if (namespace) checkForm(labelFormErrors, namespace, `${path}.dataSourceRef.namespace`, errors)
  }
  if (!dataSource || !dataSourceRef) return
  if (dataSourceRef.namespace) {
    errors.push(invalidField(path, fieldPathForm, 'may not be specified when dataSourceRef.namespace is specified'))
  } else if (
    (dataSource.apiGroup ?? null) !== (dataSourceRef.apiGroup ?? null) ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  ) {
    errors.push(invalidField(path, fieldPathForm, 'must match dataSourceRef'))
  }
}

function checkDataSource(
  source: DeepReadonly<TypedObjectReference>,
  { allowInvalidApiGroup }: ClaimRules,
  path: string,
  errors: FieldError[],
): void {
  if (!source.name) errors.push(requiredField(`${path}.name`))
  if (!source.kind) errors.push(requiredField(`${path}.kind`))
  const group = source.apiGroup ?? ''
  if (group === '' && source.kind !== 'PersistentVolumeClaim') {
    errors.push(
      invalidField(path, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
    )
  }
  if (group !== '' && !allowInvalidApiGroup) checkForm(subdomainNameErrors, group, `${path}.apiGroup`, errors)
}
