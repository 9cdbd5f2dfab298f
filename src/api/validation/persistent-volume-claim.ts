import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { goDifference } from '../go-form/go-form.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types/core/v1.ts'
import { checkImmutable } from './checks.ts'
import { isInvalidSelector } from './label-selector.ts'
import { checkVolumeClaimSpec } from './volume-claim.ts'

/** After pkg/apis/core/validation ValidatePersistentVolumeClaim, …Update and …StatusUpdate v1.36. */

type ReadonlyClaim = DeepReadonly<PersistentVolumeClaim>
type Spec = DeepReadonly<PersistentVolumeClaimSpec>

const emptySpec: Spec = {}
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

export function validatePersistentVolumeClaim({ spec = emptySpec }: ReadonlyClaim): FieldError[] {
  const errors: FieldError[] = []
  checkVolumeClaimSpec(spec, 'spec', errors)
  return errors
}

export function validatePersistentVolumeClaimUpdate(claim: ReadonlyClaim, old: ReadonlyClaim): FieldError[] {
  const errors: FieldError[] = []
  const spec = claim.spec ?? emptySpec
  const before = old.spec ?? emptySpec
  checkVolumeClaimSpec(spec, 'spec', errors, {
    allowInvalidValues: isInvalidSelector(before.selector),
    allowInvalidApiGroup: Boolean(before.dataSource?.apiGroup ?? before.dataSourceRef?.apiGroup),
  })
  checkClassAnnotation(claim, old, errors)
  checkSameSpec(claim, old, errors)
  checkSize(claim, old, errors)
  checkImmutable(spec.volumeMode === before.volumeMode, spec.volumeMode ?? null, 'volumeMode', errors)
  checkAttributesClassChange(claim, old, errors)
  return errors
}

/** Whether the class moves from the annotation, where it was once, to its field. */
function movesFromAnnotation(claim: ReadonlyClaim, old: ReadonlyClaim): boolean {
  const was = old.metadata?.annotations?.[classAnnotation]
  const now = claim.metadata?.annotations?.[classAnnotation]
  if (was === undefined || old.spec?.storageClassName !== undefined) return false
  return claim.spec?.storageClassName === was && (now === undefined || now === was)
}

function checkClassAnnotation(claim: ReadonlyClaim, old: ReadonlyClaim, errors: FieldError[]): void {
  if (movesFromAnnotation(claim, old)) return
  const now = claim.metadata?.annotations?.[classAnnotation] ?? ''
  const was = old.metadata?.annotations?.[classAnnotation] ?? ''
  if (now !== was) errors.push(invalidField(`metadata.annotations.${classAnnotation}`, now, 'field is immutable'))
}

/** A claim may get its volume and its class; once it is bound it may grow. */
function checkSameSpec(claim: ReadonlyClaim, old: ReadonlyClaim, errors: FieldError[]): void {
  const { now, was } = comparedSpecs(claim, old)
  if (isDeepStrictEqual(now, was)) return
  const rule =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
  errors.push(forbiddenField('spec', `${rule}\n${goDifference('PersistentVolumeClaimSpec', was, now)}`))
}

function comparedSpecs(claim: ReadonlyClaim, old: ReadonlyClaim): { now: Spec; was: Spec } {
  const before = old.spec ?? emptySpec
  const spec = claim.spec ?? emptySpec
  const was = before.volumeName ? before : withField(before, 'volumeName', spec.volumeName)
  let now = spec
  const classWas = old.metadata?.annotations?.[classAnnotation]
  if (movesFromAnnotation(claim, old)) now = withField(now, 'storageClassName', undefined)
  else if (spec.storageClassName !== undefined && before.storageClassName === undefined) {
    const isAllowed = classWas === undefined || spec.storageClassName === classWas
    if (isAllowed) now = withField(now, 'storageClassName', undefined)
  }
  if (claim.status?.phase === 'Bound') {
    now = withField(now, 'volumeAttributesClassName', before.volumeAttributesClassName)
    const storage = before.resources?.requests?.storage ?? '0'
    if (now.resources?.requests) {
      now = { ...now, resources: { ...now.resources, requests: { ...now.resources.requests, storage } } }
    }
  }
  return { now, was }
}

function withField<K extends keyof Spec>(spec: Spec, field: K, value: Spec[K] | undefined): Spec {
  const { [field]: _replaced, ...rest } = spec
  return value === undefined ? (rest as Spec) : { ...spec, [field]: value }
}

function checkSize(claim: ReadonlyClaim, old: ReadonlyClaim, errors: FieldError[]): void {
  const size = (text: string | undefined) => parseQuantity(text ?? '0')
  const wanted = size(claim.spec?.resources?.requests?.storage)
  if (wanted.compare(size(old.spec?.resources?.requests?.storage)) >= 0) return
  if (wanted.compare(size(old.status?.capacity?.storage)) > 0) return
  errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'))
}

function checkAttributesClassChange(claim: ReadonlyClaim, old: ReadonlyClaim, errors: FieldError[]): void {
  const name = claim.spec?.volumeAttributesClassName
  if (name === old.spec?.volumeAttributesClassName || old.status?.currentVolumeAttributesClassName === undefined) return
  if (name) return
  const what = name === undefined ? 'nil' : 'empty string'
  const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`
  errors.push(forbiddenField('spec.volumeAttributesClassName', why))
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
].sort()

export function validatePersistentVolumeClaimStatus({ spec, status }: ReadonlyClaim): FieldError[] {
  const errors: FieldError[] = []
  if (!spec?.accessModes?.length) errors.push(requiredField('Spec.accessModes'))
  for (const [name, text] of Object.entries(status?.capacity ?? {})) {
    checkBasicQuantity(text, `status.capacity[${name}]`, errors)
  }
  for (const [name, state] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    const path = 'status.allocatedResourceStatuses'
    errors.push(...resourceKeyErrors(name, path))
    if (!resizeStatuses.includes(state)) errors.push(notSupportedField(path, name, resizeStatuses))
  }
  for (const [name, text] of Object.entries(status?.allocatedResources ?? {})) {
    const path = 'status.allocatedResources'
    const wrong = resourceKeyErrors(name, path)
    errors.push(...wrong)
    if (wrong.length === 0) checkBasicQuantity(text, `${path}[${name}]`, errors)
  }
  return errors
}

/** After validateBasicResource, which shows whole units. */
function checkBasicQuantity(text: string, path: string, errors: FieldError[]): void {
  const value = parseQuantity(text).value()
  if (value < 0n) errors.push(invalidField(path, Number(value), 'must be a valid resource quantity'))
}

function resourceKeyErrors(name: string, path: string): FieldError[] {
  const wrong = labelKeyErrors(name)
  if (wrong.length > 0) return wrong.map((why) => invalidField(path, name, why))
  const isNative = !name.includes('/') || name.includes('kubernetes.io/')
  return isNative && name !== 'storage' ? [notSupportedField(path, name, ['storage'])] : []
}
