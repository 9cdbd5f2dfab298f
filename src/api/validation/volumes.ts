import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  requiredField,
  tooLongField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly, ObjectMeta } from '../../machinery/object.ts'
import { annotationsErrors, labelsErrors } from '../../machinery/object-metadata.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type { ISCSIVolumeSource, PersistentVolumeClaimTemplate, Volume } from '../types/core/v1.ts'
import { checkForm, checkLabelForm, checkRequiredOneOf } from './checks.ts'
import { descendingPathErrors, subdomainNameErrors } from './formats.ts'
import { checkDownwardFile, checkItems, checkMode, checkProjected } from './projected-volume.ts'
import { checkVolumeClaimSpec } from './volume-claim.ts'
import * as shared from './volume-sources.ts'
import { checkPresent, type SourceCheck, secondSource, type VolumeSource } from './volume-sources.ts'

/** The volumes of a Pod. After pkg/apis/core/validation ValidateVolumes and validateVolumeSource. */

export type VolumesByName = ReadonlyMap<string, DeepReadonly<Volume>>

export interface VolumeRules {
  /** Empty for templates. */
  readonly podName: string
  /** Pods, not templates: those may leave images open. */
  readonly isPod: boolean
}

/** Adds what is wrong, and answers the volumes that are right: only those can be mounted. */
export function checkVolumes(
  volumes: readonly DeepReadonly<Volume>[] | undefined,
  rules: VolumeRules,
  path: string,
  errors: FieldError[],
): VolumesByName {
  const byName = new Map<string, DeepReadonly<Volume>>()
  volumes?.forEach((volume, index) => {
    const at = `${path}[${index}]`
    const before = errors.length
    checkSources(volume, rules, at, errors)
    if (!volume.name) errors.push(requiredField(`${at}.name`))
    else checkLabelForm(volume.name, `${at}.name`, errors)
    if (byName.has(volume.name)) errors.push(duplicateField(`${at}.name`, volume.name))
    if (errors.length === before) byName.set(volume.name, volume)
    checkClaimOfEphemeral(volume, { volumes, podName: rules.podName, path: at }, errors)
  })
  return byName
}

interface ClaimContext {
  readonly volumes: readonly DeepReadonly<Volume>[]
  readonly podName: string
  readonly path: string
}

function checkClaimOfEphemeral(volume: DeepReadonly<Volume>, context: ClaimContext, errors: FieldError[]): void {
  const claim = volume.persistentVolumeClaim?.claimName
  if (claim === undefined || context.podName === '') return
  const isCreated = context.volumes.some(({ ephemeral, name }) => ephemeral && `${context.podName}-${name}` === claim)
  if (!isCreated) return
  const why = 'must not reference a PVC that gets created for an ephemeral volume'
  errors.push(invalidField(`${context.path}.persistentVolumeClaim.claimName`, claim, why))
}

/** Fields that upstream spells otherwise where it refuses a second source. */
const misspelt: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }

/** In upstream's order. A volume has one source: the first is checked, every further one is refused. */
const sources: { readonly [K in Exclude<keyof Volume, 'name' | 'emptyDir'>]-?: SourceCheck<VolumeSource<K>> } = {
  hostPath: shared.hostPath,
  gitRepo: ({ repository, directory }, at, errors) => {
    checkPresent(repository, `${at}.repository`, errors)
    checkForm(descendingPathErrors, directory ?? '', `${at}.directory`, errors)
  },
  gcePersistentDisk: shared.gcePersistentDisk,
  awsElasticBlockStore: shared.awsElasticBlockStore,
  secret: ({ secretName, defaultMode, items }, at, errors) => {
    checkPresent(secretName, `${at}.secretName`, errors)
    checkMode(defaultMode, `${at}.defaultMode`, errors)
    checkItems(items, `${at}.items`, errors)
  },
  nfs: shared.nfs,
  iscsi: (iscsi, at, errors) => checkIscsi(iscsi, at, errors),
  glusterfs: shared.glusterfs,
  flocker: shared.flocker,
  persistentVolumeClaim: ({ claimName }, at, errors) => checkPresent(claimName, `${at}.claimName`, errors),
  rbd: shared.rbd,
  cinder: ({ volumeID, secretRef }, at, errors) => {
    checkPresent(volumeID, `${at}.volumeID`, errors)
    if (secretRef) checkPresent(secretRef.name, `${at}.secretRef.name`, errors)
  },
  cephfs: shared.cephfs,
  quobyte: shared.quobyte,
  downwardAPI: ({ defaultMode, items }, at, errors) => {
    checkMode(defaultMode, `${at}.defaultMode`, errors)
    for (const item of items ?? []) checkDownwardFile(item, at, errors)
  },
  fc: shared.fc,
  flexVolume: shared.flexVolume,
  configMap: ({ name, defaultMode, items }, at, errors) => {
    checkPresent(name, `${at}.name`, errors)
    checkMode(defaultMode, `${at}.defaultMode`, errors)
    checkItems(items, `${at}.items`, errors)
  },
  azureFile: shared.azureFile,
  vsphereVolume: shared.vsphereVolume,
  photonPersistentDisk: shared.photonPersistentDisk,
  portworxVolume: shared.portworxVolume,
  azureDisk: shared.azureDisk,
  storageos: (storageos, at, errors) => {
    shared.storageos(storageos, at, errors)
    if (storageos.secretRef) checkPresent(storageos.secretRef.name, `${at}.secretRef.name`, errors)
  },
  projected: (projected, at, errors) => checkProjected(projected, at, errors),
  scaleIO: shared.scaleIO,
  csi: ({ driver, nodePublishSecretRef }, at, errors) => {
    checkDriverName(driver, `${at}.driver`, errors)
    if (!nodePublishSecretRef) return
    if (!nodePublishSecretRef.name) errors.push(requiredField(`${at}.nodePublishSecretRef.name`))
    else checkForm(subdomainNameErrors, nodePublishSecretRef.name, `${at}.name`, errors)
  },
  ephemeral: ({ volumeClaimTemplate }, at, errors) => {
    if (!volumeClaimTemplate) errors.push(requiredField(`${at}.volumeClaimTemplate`))
    else checkClaimTemplate(volumeClaimTemplate, `${at}.volumeClaimTemplate`, errors)
  },
  image: ({ pullPolicy }, at, errors) => {
    checkRequiredOneOf(pullPolicy, ['Always', 'IfNotPresent', 'Never'], `${at}.pullPolicy`, errors)
  },
}

const sourceNames = Object.keys(sources) as (keyof typeof sources)[]

function checkSources(volume: DeepReadonly<Volume>, rules: VolumeRules, path: string, errors: FieldError[]): void {
  let count = 0
  if (volume.emptyDir) {
    count++
    const limit = volume.emptyDir.sizeLimit
    if (limit !== undefined && parseQuantity(limit).nano < 0n) {
      errors.push(forbiddenField(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
    }
  }
  for (const name of sourceNames) {
    const source = volume[name]
    if (!source) continue
    const at = `${path}.${name}`
    // Upstream writes this one name otherwise where it forbids it.
    if (count++ > 0) errors.push(secondSource(`${path}.${misspelt[name] ?? name}`))
    else checkOnlySource(volume, name, { rules, at }, errors)
    if (name === 'iscsi') checkIscsiName(volume, path, errors)
  }
  if (count === 0) errors.push(requiredField(path, 'must specify a volume type'))
}

function checkOnlySource(
  volume: DeepReadonly<Volume>,
  name: keyof typeof sources,
  { rules, at }: { readonly rules: VolumeRules; readonly at: string },
  errors: FieldError[],
): void {
  const source = volume[name]!
  if (name === 'image' && rules.isPod && !volume.image?.reference) errors.push(requiredField(`${at}.reference`))
  // The table ties each name to the check of its own source.
  const check = sources[name] as SourceCheck<typeof source>
  check(source, at, errors)
  if (name !== 'ephemeral' || rules.podName === '' || !volume.name) return
  const claim = `${rules.podName}-${volume.name}`
  for (const why of subdomainNameErrors(claim)) {
    errors.push(
      invalidField(at.replace(/ephemeral$/, 'name'), volume.name, `PVC name ${JSON.stringify(claim)}: ${why}`),
    )
  }
}

function checkIscsiName({ iscsi, name }: DeepReadonly<Volume>, path: string, errors: FieldError[]): void {
  if (iscsi?.initiatorName === undefined || `${name}:${iscsi.targetPortal ?? ''}`.length <= 64) return
  const why =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
  errors.push(invalidField(`${path}.name`, name, why))
}

function checkIscsi(iscsi: DeepReadonly<ISCSIVolumeSource>, path: string, errors: FieldError[]): void {
  const prefixRule = 'must be valid format starting with iqn, eui, or naa'
  const { initiatorName } = iscsi
  checkPresent(iscsi.targetPortal, `${path}.targetPortal`, errors)
  if (!iscsi.iqn) errors.push(requiredField(`${path}.iqn`))
  else shared.checkIqn(iscsi.iqn, prefixRule, `${path}.iqn`, errors)
  shared.checkLun(iscsi.lun, `${path}.lun`, errors)
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) {
    errors.push(requiredField(`${path}.secretRef`))
  }
  if (initiatorName !== undefined) shared.checkIqn(initiatorName, prefixRule, `${path}.initiatorname`, errors)
}

/** After ValidateCSIDriverName: a DNS subdomain in any case, of at most 63 characters. */
export function checkDriverName(name: string | undefined, path: string, errors: FieldError[]): void {
  if (!name) return void errors.push(requiredField(path))
  if (name.length > 63) errors.push(tooLongField(path, 63))
  for (const why of subdomainNameErrors(name.toLowerCase())) errors.push(invalidField(path, name, why))
}

/** In the order of Go's fields. A template of a claim has only labels and annotations. */
const unusedMetadata: readonly (keyof ObjectMeta)[] = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
]

function checkClaimTemplate(
  { metadata = {}, spec }: DeepReadonly<PersistentVolumeClaimTemplate>,
  path: string,
  errors: FieldError[],
): void {
  const at = `${path}.metadata`
  if (metadata.annotations) errors.push(...annotationsErrors(metadata.annotations, `${at}.annotations`))
  if (metadata.labels) errors.push(...labelsErrors(metadata.labels, `${at}.labels`))
  for (const field of unusedMetadata) {
    const shown = field === 'uid' ? 'uID' : field
    if (metadata[field] !== undefined) errors.push(forbiddenField(`${at}.${shown}`, 'cannot be set'))
  }
  checkVolumeClaimSpec(spec ?? {}, `${path}.spec`, errors)
}
