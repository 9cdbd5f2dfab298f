import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
  tooLongField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Volume } from '../types/core/v1.ts'
import { checkForm, checkLabelForm, checkOneOf } from './checks.ts'
import { checkFieldRef, checkResourceFieldRef } from './environment.ts'
import { backstepErrors, descendingPathErrors, inclusiveRange, subdomainNameErrors } from './formats.ts'
import { checkVolumeClaimSpec } from './volume-claim.ts'

/** The volumes of a Pod. After pkg/apis/core/validation ValidateVolumes and validateVolumeSource. */

export type VolumesByName = ReadonlyMap<string, DeepReadonly<Volume>>

/** Adds what is wrong, and answers the volumes that are right: only those can be mounted. */
export function checkVolumes(
  volumes: readonly DeepReadonly<Volume>[] | undefined,
  podName: string,
  path: string,
  errors: FieldError[],
): VolumesByName {
  const byName = new Map<string, DeepReadonly<Volume>>()
  volumes?.forEach((volume, index) => {
    const at = `${path}[${index}]`
    const own: FieldError[] = []
    checkSources(volume, at, own)
    if (!volume.name) own.push(requiredField(`${at}.name`))
    else checkLabelForm(volume.name, `${at}.name`, own)
    if (byName.has(volume.name)) own.push(duplicateField(`${at}.name`, volume.name))
    if (own.length === 0) byName.set(volume.name, volume)
    errors.push(...own)
    checkClaimOfEphemeral(volume, { volumes, podName, path: at }, errors)
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

type Check<T> = (source: T, path: string, errors: FieldError[]) => void
type Source<K extends keyof Volume> = NonNullable<DeepReadonly<Volume>[K]>

/** In upstream's order. A volume has one source: the first is checked, every further one is refused. */
const sources: { readonly [K in Exclude<keyof Volume, 'name' | 'emptyDir'>]-?: Check<Source<K>> } = {
  hostPath: ({ path, type }, at, errors) => {
    if (!path) return void errors.push(requiredField(`${at}.path`))
    checkForm(backstepErrors, path, `${at}.path`, errors)
    if (type !== undefined) checkOneOf(type, hostPathTypes, `${at}.type`, errors)
  },
  gitRepo: ({ repository, directory }, at, errors) => {
    checkPresent(repository, `${at}.repository`, errors)
    checkForm(descendingPathErrors, directory ?? '', `${at}.directory`, errors)
  },
  gcePersistentDisk: ({ pdName, partition }, at, errors) => {
    checkPresent(pdName, `${at.replace(/gcePersistentDisk$/, 'persistentDisk')}.pdName`, errors)
    checkPartition(partition, `${at.replace(/gcePersistentDisk$/, 'persistentDisk')}.partition`, errors)
  },
  awsElasticBlockStore: ({ volumeID, partition }, at, errors) => {
    checkPresent(volumeID, `${at}.volumeID`, errors)
    checkPartition(partition, `${at}.partition`, errors)
  },
  secret: ({ secretName, defaultMode, items }, at, errors) => {
    checkPresent(secretName, `${at}.secretName`, errors)
    checkMode(defaultMode, `${at}.defaultMode`, errors)
    checkItems(items, `${at}.items`, errors)
  },
  nfs: ({ server, path = '' }, at, errors) => {
    checkPresent(server, `${at}.server`, errors)
    checkPresent(path, `${at}.path`, errors)
    if (!path.startsWith('/')) errors.push(invalidField(`${at}.path`, path, 'must be an absolute path'))
  },
  iscsi: (iscsi, at, errors) => checkIscsi(iscsi, at, errors),
  glusterfs: ({ endpoints, path }, at, errors) => {
    checkPresent(endpoints, `${at}.endpoints`, errors)
    checkPresent(path, `${at}.path`, errors)
  },
  flocker: ({ datasetName = '', datasetUUID = '' }, at, errors) => {
    if (!datasetName && !datasetUUID) errors.push(requiredField(at, 'one of datasetName and datasetUUID is required'))
    if (datasetName && datasetUUID) {
      errors.push(invalidField(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
    }
    if (datasetName.includes('/')) errors.push(invalidField(`${at}.datasetName`, datasetName, "must not contain '/'"))
  },
  rbd: ({ monitors, image }, at, errors) => {
    if (!monitors?.length) errors.push(requiredField(`${at}.monitors`))
    checkPresent(image, `${at}.image`, errors)
  },
  cinder: ({ volumeID, secretRef }, at, errors) => {
    checkPresent(volumeID, `${at}.volumeID`, errors)
    if (secretRef) checkPresent(secretRef.name, `${at}.secretRef.name`, errors)
  },
  cephfs: ({ monitors }, at, errors) => {
    if (!monitors?.length) errors.push(requiredField(`${at}.monitors`))
  },
  quobyte: ({ registry = '', tenant = '', volume }, at, errors) => {
    const why = 'must be a host:port pair or multiple pairs separated by commas'
    if (registry === '') errors.push(requiredField(`${at}.registry`, why))
    else if (tenant.length >= 65) {
      errors.push(requiredField(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'))
    } else {
      for (const pair of registry.split(',')) {
        if (!/^(\[[^\]]*\]|[^:]*):[^:]*$/.test(pair)) errors.push(invalidField(`${at}.registry`, registry, why))
      }
    }
    checkPresent(volume, `${at}.volume`, errors)
  },
  downwardAPI: ({ defaultMode, items }, at, errors) => {
    checkMode(defaultMode, `${at}.defaultMode`, errors)
    for (const item of items ?? []) checkDownwardFile(item, at, errors)
  },
  fc: ({ targetWWNs, wwids, lun }, at, errors) => {
    const why = 'must specify either targetWWNs or wwids, but not both'
    const hasTargets = (targetWWNs?.length ?? 0) > 0
    const hasIds = (wwids?.length ?? 0) > 0
    if (!hasTargets && !hasIds) errors.push(requiredField(`${at}.targetWWNs`, why))
    if (hasTargets && hasIds) errors.push(invalidField(`${at}.targetWWNs`, targetWWNs, why))
    if (!hasTargets) return
    if (lun === undefined) errors.push(requiredField(`${at}.lun`, 'lun is required if targetWWNs is specified'))
    else checkRange(lun, 255, `${at}.lun`, errors)
  },
  azureFile: ({ secretName, shareName }, at, errors) => {
    checkPresent(secretName, `${at}.secretName`, errors)
    checkPresent(shareName, `${at}.shareName`, errors)
  },
  configMap: ({ name, defaultMode, items }, at, errors) => {
    checkPresent(name, `${at}.name`, errors)
    checkMode(defaultMode, `${at}.defaultMode`, errors)
    checkItems(items, `${at}.items`, errors)
  },
  vsphereVolume: ({ volumePath }, at, errors) => checkPresent(volumePath, `${at}.volumePath`, errors),
  photonPersistentDisk: ({ pdID }, at, errors) => checkPresent(pdID, `${at}.pdID`, errors),
  portworxVolume: ({ volumeID }, at, errors) => checkPresent(volumeID, `${at}.volumeID`, errors),
  azureDisk: (disk, at, errors) => checkAzureDisk(disk, at, errors),
  storageos: ({ volumeName, volumeNamespace, secretRef }, at, errors) => {
    if (!volumeName) errors.push(requiredField(`${at}.volumeName`))
    else checkLabelForm(volumeName, `${at}.volumeName`, errors)
    if (volumeNamespace) checkLabelForm(volumeNamespace, `${at}.volumeNamespace`, errors)
    if (secretRef) checkPresent(secretRef.name, `${at}.secretRef.name`, errors)
  },
  projected: (projected, at, errors) => checkProjected(projected, at, errors),
  scaleIO: ({ gateway, system, volumeName }, at, errors) => {
    checkPresent(gateway, `${at}.gateway`, errors)
    checkPresent(system, `${at}.system`, errors)
    checkPresent(volumeName, `${at}.volumeName`, errors)
  },
  flexVolume: ({ driver }, at, errors) => checkPresent(driver, `${at}.driver`, errors),
  persistentVolumeClaim: ({ claimName }, at, errors) => checkPresent(claimName, `${at}.claimName`, errors),
  csi: ({ driver, nodePublishSecretRef }, at, errors) => {
    checkDriverName(driver, `${at}.driver`, errors)
    if (!nodePublishSecretRef) return
    if (!nodePublishSecretRef.name) errors.push(requiredField(`${at}.nodePublishSecretRef.name`))
    else checkForm(subdomainNameErrors, nodePublishSecretRef.name, `${at}.name`, errors)
  },
  ephemeral: ({ volumeClaimTemplate }, at, errors) => {
    if (!volumeClaimTemplate) return void errors.push(requiredField(`${at}.volumeClaimTemplate`))
    checkVolumeClaimSpec(volumeClaimTemplate.spec, `${at}.volumeClaimTemplate.spec`, errors)
  },
  image: ({ reference = '', pullPolicy }, at, errors) => {
    if (reference === '') errors.push(requiredField(`${at}.reference`))
    if (reference !== reference.trim()) {
      errors.push(invalidField(`${at}.reference`, reference, 'must not have leading or trailing whitespace'))
    }
    if (!pullPolicy) errors.push(requiredField(`${at}.pullPolicy`))
    else checkOneOf(pullPolicy, ['Always', 'IfNotPresent', 'Never'], `${at}.pullPolicy`, errors)
  },
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

const sourceNames = Object.keys(sources) as (keyof typeof sources)[]

function checkSources(volume: DeepReadonly<Volume>, path: string, errors: FieldError[]): void {
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
    if (count++ > 0) errors.push(forbiddenField(at, 'may not specify more than 1 volume type'))
    // The table ties each name to the check of its own source.
    else (sources[name] as Check<typeof source>)(source, at, errors)
  }
  const { iscsi, name } = volume
  if (iscsi?.initiatorName !== undefined && `${name}:${iscsi.targetPortal ?? ''}`.length > 64) {
    const why =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    errors.push(invalidField(`${path}.name`, name, why))
  }
  if (count === 0) errors.push(requiredField(path, 'must specify a volume type'))
}

function checkPresent(value: string | undefined, path: string, errors: FieldError[]): void {
  if (!value) errors.push(requiredField(path))
}

function checkRange(value: number | undefined, most: number, path: string, errors: FieldError[]): void {
  if (value !== undefined && (value < 0 || value > most))
    errors.push(invalidField(path, value, inclusiveRange(0, most)))
}

function checkPartition(partition: number | undefined, path: string, errors: FieldError[]): void {
  checkRange(partition, 255, path, errors)
}

const modeError = 'must be a number between 0 and 0777 (octal), both inclusive'

function checkMode(mode: number | undefined, path: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) errors.push(invalidField(path, mode, modeError))
}

function checkItems(items: readonly DeepReadonly<KeyToPath>[] | undefined, path: string, errors: FieldError[]): void {
  items?.forEach(({ key, path: target, mode }, index) => {
    const at = `${path}[${index}]`
    checkPresent(key, `${at}.key`, errors)
    checkPresent(target, `${at}.path`, errors)
    checkOwnPath(target ?? '', `${at}.path`, errors)
    checkMode(mode, `${at}.mode`, errors)
  })
}

/** A relative path below the volume; names that begin with two dots are the volume's own. */
function checkOwnPath(target: string, path: string, errors: FieldError[]): void {
  checkForm(descendingPathErrors, target, path, errors)
  if (target.startsWith('..') && !target.startsWith('../')) {
    errors.push(invalidField(path, target, "must not start with '..'"))
  }
}

const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

function checkDownwardFile(file: DeepReadonly<DownwardAPIVolumeFile>, path: string, errors: FieldError[]): void {
  const { path: target, fieldRef, resourceFieldRef, mode } = file
  checkPresent(target, `${path}.path`, errors)
  checkOwnPath(target ?? '', `${path}.path`, errors)
  if (fieldRef) {
    checkFieldRef(fieldRef, volumeFields, `${path}.fieldRef`, errors)
    if (resourceFieldRef) {
      errors.push(invalidField(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    }
  } else if (resourceFieldRef) {
    checkResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, errors, { needsContainer: true })
  } else errors.push(requiredField(path, 'one of fieldRef and resourceFieldRef is required'))
  checkMode(mode, `${path}.mode`, errors)
}

function checkIscsi(
  iscsi: {
    readonly targetPortal?: string
    readonly iqn?: string
    readonly lun?: number
    readonly chapAuthDiscovery?: boolean
    readonly chapAuthSession?: boolean
    readonly secretRef?: object
  },
  path: string,
  errors: FieldError[],
): void {
  checkPresent(iscsi.targetPortal, `${path}.targetPortal`, errors)
  const iqn = iscsi.iqn ?? ''
  if (iqn === '') errors.push(requiredField(`${path}.iqn`))
  else if (!/^(iqn|eui|naa)/.test(iqn)) {
    errors.push(invalidField(`${path}.iqn`, iqn, 'must be valid format starting with iqn, eui, or naa'))
  } else if (!iqnForm.test(iqn)) errors.push(invalidField(`${path}.iqn`, iqn, 'must be valid format'))
  checkRange(iscsi.lun, 255, `${path}.lun`, errors)
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) {
    errors.push(requiredField(`${path}.secretRef`))
  }
}

const iqnForm = /^(iqn\.\d{4}-\d{2}\.([a-z0-9.-]+)(:.*)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/

const blobUri = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'
const managedUri = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'

function checkAzureDisk(
  disk: {
    readonly diskName?: string
    readonly diskURI?: string
    readonly cachingMode?: string
    readonly kind?: string
  },
  path: string,
  errors: FieldError[],
): void {
  const { diskName, diskURI = '', cachingMode, kind } = disk
  checkPresent(diskName, `${path}.diskName`, errors)
  checkPresent(diskURI, `${path}.diskURI`, errors)
  if (cachingMode !== undefined)
    checkOneOf(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], `${path}.cachingMode`, errors)
  if (kind !== undefined) checkOneOf(kind, ['Dedicated', 'Managed', 'Shared'], `${path}.kind`, errors)
  if (kind === undefined) return
  const isManaged = kind === 'Managed'
  if (diskURI.startsWith(isManaged ? '/subscriptions/' : 'https://')) return
  errors.push(notSupportedField(`${path}.diskURI`, diskURI, [isManaged ? managedUri : blobUri]))
}

/** After ValidateCSIDriverName: a DNS subdomain in any case, of at most 63 characters. */
export function checkDriverName(name: string | undefined, path: string, errors: FieldError[]): void {
  if (!name) return void errors.push(requiredField(path))
  if (name.length > 63) errors.push(tooLongField(path, 63))
  for (const why of subdomainNameErrors(name.toLowerCase())) errors.push(invalidField(path, name, why))
}

function checkProjected(projected: DeepReadonly<ProjectedVolumeSource>, path: string, errors: FieldError[]): void {
  checkMode(projected.defaultMode, `${path}.defaultMode`, errors)
  const taken = new Set<string>()
  const take = (target: string | undefined, shown: string | undefined) => {
    if (!target) return
    if (taken.has(target)) errors.push(invalidField(path, shown ?? '', 'conflicting duplicate paths'))
    taken.add(target)
  }
  projected.sources?.forEach((source, index) => {
    const at = `${path}.sources[${index}]`
    const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
    for (const [name, keyed] of [
      ['secret', secret],
      ['configMap', configMap],
    ] as const) {
      if (!keyed) continue
      checkPresent(keyed.name, `${at}.${name}.name`, errors)
      checkItems(keyed.items, `${at}.${name}.items`, errors)
      for (const item of keyed.items ?? []) take(item.path, keyed.name)
    }
    for (const file of downwardAPI?.items ?? []) {
      checkDownwardFile(file, `${at}.downwardAPI`, errors)
      take(file.path, file.path)
    }
    if (token) {
      checkTokenExpiration(token.expirationSeconds ?? 0, `${at}.serviceAccountToken.expirationSeconds`, errors)
      if (!token.path) errors.push(requiredField(`${path}.path`))
      else checkOwnPath(token.path, `${path}.path`, errors)
    }
    if (Object.values(source).filter(Boolean).length > 1) {
      errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'))
    }
  })
}

function checkTokenExpiration(seconds: number, path: string, errors: FieldError[]): void {
  if (seconds < 10 * 60) errors.push(invalidField(path, seconds, 'may not specify a duration less than 10 minutes'))
  if (seconds > 2 ** 32) errors.push(invalidField(path, seconds, 'may not specify a duration larger than 2^32 seconds'))
}
