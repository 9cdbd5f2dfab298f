import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Volume } from '../types/core/v1.ts'
import { checkForm, checkLabelForm, checkOneOf } from './checks.ts'
import { backstepErrors, inclusiveRange } from './formats.ts'

/** Sources that volumes of Pods and persistent volumes have alike. After pkg/apis/core/validation v1.36. */

export type SourceCheck<T> = (source: T, path: string, errors: FieldError[]) => void
export type VolumeSource<K extends keyof Volume> = NonNullable<DeepReadonly<Volume>[K]>

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

export function checkPresent(value: string | undefined, path: string, errors: FieldError[]): void {
  if (!value) errors.push(requiredField(path))
}

function checkList(list: readonly string[] | undefined, path: string, errors: FieldError[]): void {
  if (!list?.length) errors.push(requiredField(path))
}

/** Zero is none, and allowed although the text does not say so. */
function checkPartition(partition: number | undefined, path: string, errors: FieldError[]): void {
  if (partition !== undefined && (partition < 0 || partition > 255)) {
    errors.push(invalidField(path, partition, inclusiveRange(1, 255)))
  }
}

export function checkLun(lun: number | undefined, path: string, errors: FieldError[]): void {
  if (lun !== undefined && (lun < 0 || lun > 255)) errors.push(invalidField(path, lun, inclusiveRange(0, 255)))
}

export const hostPath: SourceCheck<VolumeSource<'hostPath'>> = ({ path, type }, at, errors) => {
  if (!path) return void errors.push(requiredField(`${at}.path`))
  checkForm(backstepErrors, path, `${at}.path`, errors)
  if (type !== undefined) checkOneOf(type, hostPathTypes, `${at}.type`, errors)
}

/** Upstream calls the field `persistentDisk`. */
export const gcePersistentDisk: SourceCheck<VolumeSource<'gcePersistentDisk'>> = (
  { pdName, partition },
  at,
  errors,
) => {
  const path = at.replace(/gcePersistentDisk$/, 'persistentDisk')
  checkPresent(pdName, `${path}.pdName`, errors)
  checkPartition(partition, `${path}.partition`, errors)
}

export const awsElasticBlockStore: SourceCheck<VolumeSource<'awsElasticBlockStore'>> = (disk, at, errors) => {
  checkPresent(disk.volumeID, `${at}.volumeID`, errors)
  checkPartition(disk.partition, `${at}.partition`, errors)
}

export const nfs: SourceCheck<VolumeSource<'nfs'>> = ({ server, path = '' }, at, errors) => {
  checkPresent(server, `${at}.server`, errors)
  checkPresent(path, `${at}.path`, errors)
  if (!path.startsWith('/')) errors.push(invalidField(`${at}.path`, path, 'must be an absolute path'))
}

export const glusterfs: SourceCheck<{ readonly endpoints?: string; readonly path?: string }> = (source, at, errors) => {
  checkPresent(source.endpoints, `${at}.endpoints`, errors)
  checkPresent(source.path, `${at}.path`, errors)
}

export const flocker: SourceCheck<VolumeSource<'flocker'>> = (source, at, errors) => {
  const { datasetName = '', datasetUUID = '' } = source
  if (!datasetName && !datasetUUID) errors.push(requiredField(at, 'one of datasetName and datasetUUID is required'))
  if (datasetName && datasetUUID) {
    errors.push(invalidField(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  }
  if (datasetName.includes('/')) errors.push(invalidField(`${at}.datasetName`, datasetName, "must not contain '/'"))
}

export const rbd: SourceCheck<{ readonly monitors?: readonly string[]; readonly image?: string }> = (
  { monitors, image },
  at,
  errors,
) => {
  checkList(monitors, `${at}.monitors`, errors)
  checkPresent(image, `${at}.image`, errors)
}

export const cephfs: SourceCheck<{ readonly monitors?: readonly string[] }> = ({ monitors }, at, errors) => {
  checkList(monitors, `${at}.monitors`, errors)
}

const hostPortPair = /^(\[[^\]]*\]|[^:]*):[^:]*$/

export const quobyte: SourceCheck<VolumeSource<'quobyte'>> = ({ registry = '', tenant = '', volume }, at, errors) => {
  const why = 'must be a host:port pair or multiple pairs separated by commas'
  if (registry === '') errors.push(requiredField(`${at}.registry`, why))
  else if (tenant.length >= 65) {
    errors.push(requiredField(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'))
  } else {
    for (const pair of registry.split(',')) {
      if (!hostPortPair.test(pair)) errors.push(invalidField(`${at}.registry`, registry, why))
    }
  }
  checkPresent(volume, `${at}.volume`, errors)
}

export const fc: SourceCheck<VolumeSource<'fc'>> = ({ targetWWNs, wwids, lun }, at, errors) => {
  const hasTargets = (targetWWNs?.length ?? 0) > 0
  const hasIds = (wwids?.length ?? 0) > 0
  const path = `${at}.targetWWNs`
  if (!hasTargets && !hasIds) {
    errors.push(requiredField(path, 'must specify either targetWWNs or wwids, but not both'))
  }
  if (hasTargets && hasIds) {
    errors.push(invalidField(path, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
  }
  if (!hasTargets) return
  if (lun === undefined) errors.push(requiredField(`${at}.lun`, 'lun is required if targetWWNs is specified'))
  else checkLun(lun, `${at}.lun`, errors)
}

interface FlexVolume {
  readonly driver?: string
  readonly options?: Readonly<Record<string, string>>
}

export const flexVolume: SourceCheck<FlexVolume> = ({ driver, options }, at, errors) => {
  checkPresent(driver, `${at}.driver`, errors)
  for (const key in options) {
    if (!/\.(kubernetes|k8s)\.io$/.test(`.${key.split('/')[0]!.toLowerCase()}`)) continue
    errors.push(invalidField(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'))
  }
}

export const azureFile: SourceCheck<{ readonly secretName?: string; readonly shareName?: string }> = (
  { secretName, shareName },
  at,
  errors,
) => {
  checkPresent(secretName, `${at}.secretName`, errors)
  checkPresent(shareName, `${at}.shareName`, errors)
}

export const vsphereVolume: SourceCheck<VolumeSource<'vsphereVolume'>> = ({ volumePath }, at, errors) =>
  checkPresent(volumePath, `${at}.volumePath`, errors)

export const photonPersistentDisk: SourceCheck<VolumeSource<'photonPersistentDisk'>> = ({ pdID }, at, errors) =>
  checkPresent(pdID, `${at}.pdID`, errors)

export const portworxVolume: SourceCheck<VolumeSource<'portworxVolume'>> = ({ volumeID }, at, errors) =>
  checkPresent(volumeID, `${at}.volumeID`, errors)

const blobUri = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'
const managedUri = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'

export const azureDisk: SourceCheck<VolumeSource<'azureDisk'>> = (disk, path, errors) => {
  const { diskName, diskURI = '', cachingMode, kind } = disk
  const modes = ['None', 'ReadOnly', 'ReadWrite']
  checkPresent(diskName, `${path}.diskName`, errors)
  checkPresent(diskURI, `${path}.diskURI`, errors)
  if (cachingMode !== undefined) checkOneOf(cachingMode, modes, `${path}.cachingMode`, errors)
  if (kind === undefined) return
  checkOneOf(kind, ['Dedicated', 'Managed', 'Shared'], `${path}.kind`, errors)
  const isManaged = kind === 'Managed'
  if (diskURI.startsWith(isManaged ? '/subscriptions/' : 'https://')) return
  errors.push(notSupportedField(`${path}.diskURI`, diskURI, [isManaged ? managedUri : blobUri]))
}

interface ScaleIO {
  readonly gateway?: string
  readonly system?: string
  readonly volumeName?: string
}

export const scaleIO: SourceCheck<ScaleIO> = ({ gateway, system, volumeName }, at, errors) => {
  checkPresent(gateway, `${at}.gateway`, errors)
  checkPresent(system, `${at}.system`, errors)
  checkPresent(volumeName, `${at}.volumeName`, errors)
}

export const storageos: SourceCheck<{ readonly volumeName?: string; readonly volumeNamespace?: string }> = (
  { volumeName, volumeNamespace },
  at,
  errors,
) => {
  if (!volumeName) errors.push(requiredField(`${at}.volumeName`))
  else checkLabelForm(volumeName, `${at}.volumeName`, errors)
  if (volumeNamespace) checkLabelForm(volumeNamespace, `${at}.volumeNamespace`, errors)
}

const iqnForm = /^(iqn\.\d{4}-\d{2}\.([a-z0-9.-]+)(:.*)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/
const iqnPrefix = /^(iqn|eui|naa)/

/** A qualified name of iSCSI; `prefixRule` is what is said when it does not even begin like one. */
export function checkIqn(name: string, prefixRule: string, path: string, errors: FieldError[]): void {
  if (!iqnPrefix.test(name)) errors.push(invalidField(path, name, prefixRule))
  else if (!iqnForm.test(name)) errors.push(invalidField(path, name, 'must be valid format'))
}

/** A second source: only the first is looked at. */
export function secondSource(path: string): FieldError {
  return forbiddenField(path, 'may not specify more than 1 volume type')
}
