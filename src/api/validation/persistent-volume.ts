import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { goDifference, goForm } from '../go-form/go-form.ts'
import type { PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity } from '../types/core/v1.ts'
import { checkNodeSelector } from './affinity.ts'
import { checkForm, checkImmutable, checkOneOf } from './checks.ts'
import { subdomainNameErrors } from './formats.ts'
import { checkPersistentSource, type PersistentSources, sourceNames } from './persistent-volume-sources.ts'
import { checkAccessModes } from './volume-claim.ts'

/** After pkg/apis/core/validation ValidatePersistentVolume and ValidatePersistentVolumeUpdate v1.36. */

type ReadonlyVolume = DeepReadonly<PersistentVolume>
type Spec = DeepReadonly<PersistentVolumeSpec>

const emptySpec: Spec = {}

export function validatePersistentVolume(volume: ReadonlyVolume): FieldError[] {
  const errors: FieldError[] = []
  const spec = volume.spec ?? emptySpec
  checkSpec(spec, volume.metadata?.name ?? '', 'spec', errors)
  checkMountOptions(volume, errors)
  return errors
}

function checkSpec(spec: Spec, name: string, path: string, errors: FieldError[]): void {
  checkAccessModes(spec.accessModes, `${path}.accessModes`, '', errors)
  checkCapacity(spec.capacity, `${path}.capacity`, errors)
  const policy = spec.persistentVolumeReclaimPolicy
  if (policy) checkOneOf(policy, ['Delete', 'Recycle', 'Retain'], `${path}.persistentVolumeReclaimPolicy`, errors)
  if (spec.nodeAffinity) checkNodeAffinity(spec.nodeAffinity, `${path}.nodeAffinity`, errors)
  checkPersistentSource(spec, name, path, errors)
  checkRootRecycling(spec, path, errors)
  if (spec.storageClassName) checkForm(subdomainNameErrors, spec.storageClassName, `${path}.storageClassName`, errors)
  if (spec.volumeMode !== undefined) checkOneOf(spec.volumeMode, ['Block', 'Filesystem'], `${path}.volumeMode`, errors)
  checkAttributesClass(spec, path, errors)
}

/** The spec that stands in a VolumeAttachment, for a CSI driver that takes the place of an in-tree one. */
export function checkInlineVolumeSpec(spec: Spec, path: string, errors: FieldError[]): void {
  const context = 'in the context of inline volumes'
  const forbid = (field: string, why: string) => errors.push(forbiddenField(`${path}.${field}`, `${why} ${context}`))
  const notHere = 'may not be specified'
  if (spec.claimRef) forbid('claimRef', notHere)
  if (Object.keys(spec.capacity ?? {}).length > 0) forbid('capacity', notHere)
  if (!spec.csi) errors.push(requiredField(`${path}.csi`, `has to be specified ${context}`))
  checkAccessModes(spec.accessModes, `${path}.accessModes`, '', errors)
  const policy = spec.persistentVolumeReclaimPolicy
  if (policy && policy !== 'Retain') forbid('persistentVolumeReclaimPolicy', 'may only be Retain')
  if (spec.nodeAffinity) forbid('nodeAffinity', notHere)
  checkPersistentSource(spec, '', path, errors)
  checkRootRecycling(spec, path, errors)
  if (spec.storageClassName) forbid('storageClassName', notHere)
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Filesystem') {
    forbid('volumeMode', 'may not specify volumeMode other than Filesystem')
  }
  checkAttributesClass(spec, path, errors)
}

function checkRootRecycling(
  { hostPath, persistentVolumeReclaimPolicy }: Spec,
  path: string,
  errors: FieldError[],
): void {
  if (!hostPath || !isRoot(hostPath.path ?? '') || persistentVolumeReclaimPolicy !== 'Recycle') return
  const why = "may not be 'recycle' for a hostPath mount of '/'"
  errors.push(forbiddenField(`${path}.persistentVolumeReclaimPolicy`, why))
}

function checkCapacity(capacity: Spec['capacity'], path: string, errors: FieldError[]): void {
  const names = Object.keys(capacity ?? {})
  if (names.length === 0) errors.push(requiredField(path))
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupportedField(path, capacity, ['storage']))
  for (const [name, text] of Object.entries(capacity ?? {})) {
    const quantity = parseQuantity(text)
    const at = `${path}[${name}]`
    if (quantity.nano < 0n) errors.push(invalidField(at, Number(quantity.value()), 'must be a valid resource quantity'))
    if (quantity.nano <= 0n) errors.push(invalidField(at, text, 'must be greater than zero'))
  }
}

function checkNodeAffinity({ required }: DeepReadonly<VolumeNodeAffinity>, path: string, errors: FieldError[]): void {
  if (required) checkNodeSelector(required, `${path}.required`, errors)
  else errors.push(requiredField(`${path}.required`, 'must specify required node constraints'))
}

/** Whether a path leads nowhere but to the root: `/`, `//`, `/.`. */
function isRoot(path: string): boolean {
  return path.startsWith('/') && path.split('/').every((part) => part === '' || part === '.')
}

function checkAttributesClass(spec: Spec, path: string, errors: FieldError[]): void {
  const name = spec.volumeAttributesClassName
  if (name === undefined) return
  const at = `${path}.volumeAttributesClassName`
  if (name === '') errors.push(requiredField(at, 'an empty string is disallowed'))
  else checkForm(subdomainNameErrors, name, at, errors)
  if (!spec.csi) errors.push(requiredField(`${path}.csi`, 'has to be specified when using volumeAttributesClassName'))
}

const mountOptions = 'volume.beta.kubernetes.io/mount-options'
const mountable: readonly (keyof PersistentSources)[] = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
]

/** After pkg/volume/validation ValidatePersistentVolume. */
function checkMountOptions({ metadata, spec = emptySpec }: ReadonlyVolume, errors: FieldError[]): void {
  if (metadata?.annotations?.[mountOptions] === undefined || mountable.some((name) => spec[name])) return
  const why = 'may not specify mount options for this volume type'
  errors.push(forbiddenField(`metadata.annotations.${mountOptions}`, why))
}

export function validatePersistentVolumeUpdate(volume: ReadonlyVolume, old: ReadonlyVolume): FieldError[] {
  // Upstream checks the volume twice, the second time without the rules of its plugin.
  const errors = validatePersistentVolume(volume)
  const spec = volume.spec ?? emptySpec
  const before = old.spec ?? emptySpec
  checkSpec(spec, volume.metadata?.name ?? '', 'spec', errors)
  checkSameSource(spec, before, errors)
  checkImmutable(spec.volumeMode === before.volumeMode, spec.volumeMode ?? null, 'volumeMode', errors)
  if (before.nodeAffinity) checkSameAffinity(spec.nodeAffinity, before.nodeAffinity, errors)
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    const why = 'update from non-nil value to nil is forbidden'
    errors.push(forbiddenField('spec.volumeAttributesClassName', why))
  }
  return errors
}

/** The secret for expansion may be added later. */
function checkSameSource(spec: Spec, before: Spec, errors: FieldError[]): void {
  const now = sourceOf(spec)
  const was = sourceOf(before)
  if (was.csi && !was.csi.controllerExpandSecretRef && now.csi?.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _added, ...csi } = now.csi
    now.csi = csi
  }
  if (isDeepStrictEqual(now, was)) return
  const difference = goDifference('PersistentVolumeSource', was, now)
  const why = `spec.persistentvolumesource is immutable after creation\n${difference}`
  errors.push(forbiddenField('spec.persistentvolumesource', why))
}

function sourceOf(spec: Spec): { -readonly [K in keyof PersistentSources]: PersistentSources[K] } {
  return Object.fromEntries(sourceNames.flatMap((name) => (spec[name] ? [[name, spec[name]]] : [])))
}

const newLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
}

/** Only the names of labels may become those of today. */
function checkSameAffinity(
  affinity: DeepReadonly<VolumeNodeAffinity> | undefined,
  before: DeepReadonly<VolumeNodeAffinity>,
  errors: FieldError[],
): void {
  const renamed = renameLabels(before, affinity)
  if (isDeepStrictEqual(affinity, renamed)) return
  const shown = affinity ? goForm('VolumeNodeAffinity', affinity) : null
  const why = 'field is immutable, except for updating from beta label to GA'
  errors.push(invalidField('nodeAffinity', shown, why))
}

function renameLabels(
  before: DeepReadonly<VolumeNodeAffinity>,
  now: DeepReadonly<VolumeNodeAffinity> | undefined,
): DeepReadonly<VolumeNodeAffinity> {
  const terms = before.required?.nodeSelectorTerms?.map((term, index) => {
    const wanted = now?.required?.nodeSelectorTerms?.[index]
    const expressions = term.matchExpressions?.map((requirement, place) => {
      const key = wanted?.matchExpressions?.[place]?.key
      return key !== undefined && newLabels[requirement.key] === key ? { ...requirement, key } : requirement
    })
    return { ...term, ...(expressions && { matchExpressions: expressions }) }
  })
  return terms ? { ...before, required: { nodeSelectorTerms: terms } } : before
}
