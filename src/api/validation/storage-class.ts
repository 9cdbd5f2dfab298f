import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  requiredField,
  tooLongField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { TopologySelectorLabelRequirement, TopologySelectorTerm } from '../types/core/v1.ts'
import type { StorageClass, VolumeAttributesClass } from '../types/storage/v1.ts'
import { checkImmutable, checkOneOf, checkQualifiedName } from './checks.ts'

/** After pkg/apis/storage/validation v1.36. */

const maxParameters = 512
const maxParameterBytes = 256 * 1024

export function validateStorageClass(object: DeepReadonly<StorageClass>): FieldError[] {
  const errors: FieldError[] = []
  const { reclaimPolicy, volumeBindingMode } = object
  checkProvisioner(object.provisioner, 'provisioner', errors)
  checkParameters(object.parameters ?? {}, errors)
  if (reclaimPolicy) checkOneOf(reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy', errors)
  if (volumeBindingMode === undefined) errors.push(requiredField('volumeBindingMode'))
  else checkOneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode', errors)
  checkTopologies(object.allowedTopologies ?? [], errors)
  return errors
}

export function validateStorageClassUpdate(
  object: DeepReadonly<StorageClass>,
  old: DeepReadonly<StorageClass>,
): FieldError[] {
  const errors = validateStorageClass(object)
  const { parameters, provisioner, reclaimPolicy, volumeBindingMode } = object
  checkImmutable(isDeepStrictEqual(parameters ?? {}, old.parameters ?? {}), parameters ?? null, 'parameters', errors)
  checkImmutable(provisioner === old.provisioner, provisioner ?? '', 'provisioner', errors)
  checkImmutable(reclaimPolicy === old.reclaimPolicy, reclaimPolicy ?? null, 'reclaimPolicy', errors)
  checkImmutable(volumeBindingMode === old.volumeBindingMode, volumeBindingMode ?? null, 'volumeBindingMode', errors)
  return errors
}

export function validateVolumeAttributesClass(object: DeepReadonly<VolumeAttributesClass>): FieldError[] {
  const errors: FieldError[] = []
  const parameters = object.parameters ?? {}
  checkProvisioner(object.driverName, 'driverName', errors)
  checkParameters(parameters, errors)
  if (Object.keys(parameters).length === 0) {
    errors.push(requiredField('parameters', 'must contain at least one key/value pair'))
  }
  return errors
}

export function validateVolumeAttributesClassUpdate(
  object: DeepReadonly<VolumeAttributesClass>,
  old: DeepReadonly<VolumeAttributesClass>,
): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['driverName', 'parameters'] as const) {
    if (isDeepStrictEqual(object[field], old[field])) continue
    errors.push(forbiddenField(field, `updates to ${field} are forbidden.`))
  }
  return [...errors, ...validateVolumeAttributesClass(object)]
}

function checkProvisioner(name: string | undefined, path: string, errors: FieldError[]): void {
  if (name) checkQualifiedName(name.toLowerCase(), path, errors)
  else errors.push(requiredField(path))
}

function checkParameters(parameters: Readonly<Record<string, string>>, errors: FieldError[]): void {
  const entries = Object.entries(parameters)
  if (entries.length > maxParameters) {
    errors.push(tooLongField('parameters', maxParameters))
    return
  }
  let bytes = 0
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalidField('parameters', key, 'field can not be empty.'))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > maxParameterBytes) errors.push(tooLongField('parameters', maxParameterBytes))
}

/** The values of a term, by key. */
type Term = ReadonlyMap<string, ReadonlySet<string>>

/** A term says the same as none before it; one that says nothing is the same as each place that is not read yet. */
function checkTopologies(topologies: readonly DeepReadonly<TopologySelectorTerm>[], errors: FieldError[]): void {
  const seen: Term[] = topologies.map(() => new Map())
  topologies.forEach(({ matchLabelExpressions = [] }, index) => {
    const path = `allowedTopologies[${index}].matchLabelExpressions`
    const term = checkTerm(matchLabelExpressions, path, errors)
    for (const before of seen) if (isDeepStrictEqual(term, before)) errors.push(duplicateField(path, ''))
    seen.push(term)
  })
}

function checkTerm(
  requirements: readonly DeepReadonly<TopologySelectorLabelRequirement>[],
  path: string,
  errors: FieldError[],
): Term {
  const term = new Map<string, ReadonlySet<string>>()
  requirements.forEach(({ key = '', values }, index) => {
    const at = `${path}[${index}]`
    const given = values ?? []
    if (given.length === 0) errors.push(requiredField(`${at}.values`))
    given.forEach((value, position) => {
      if (given.indexOf(value) < position) errors.push(duplicateField(`${at}.values[${position}]`, value))
    })
    checkQualifiedName(key, `${at}.key`, errors)
    if (term.has(key)) errors.push(duplicateField(`${at}.key`, key))
    term.set(key, new Set(given))
  })
  return term
}
