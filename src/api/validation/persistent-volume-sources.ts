import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ISCSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference } from '../types/core/v1.ts'
import { checkForm, checkLabelForm, checkSubdomain } from './checks.ts'
import { backstepErrors } from './formats.ts'
import * as shared from './volume-sources.ts'
import { checkPresent, type SourceCheck, secondSource } from './volume-sources.ts'
import { checkDriverName } from './volumes.ts'

/** Where a persistent volume lies. After ValidatePersistentVolumeSpec, whose order the table keeps. */

type SourceName = Exclude<
  keyof PersistentVolumeSpec,
  | 'accessModes'
  | 'capacity'
  | 'claimRef'
  | 'mountOptions'
  | 'nodeAffinity'
  | 'persistentVolumeReclaimPolicy'
  | 'storageClassName'
  | 'volumeAttributesClassName'
  | 'volumeMode'
>

export type PersistentSources = Pick<DeepReadonly<PersistentVolumeSpec>, SourceName>
type Source<K extends SourceName> = NonNullable<PersistentSources[K]>

function checkSecretNames(secret: DeepReadonly<SecretReference>, path: string, errors: FieldError[]): void {
  checkPresent(secret.name, `${path}.name`, errors)
  checkPresent(secret.namespace, `${path}.namespace`, errors)
}

/** After validatePVSecretReference. */
function checkSecret({ name, namespace }: DeepReadonly<SecretReference>, path: string, errors: FieldError[]): void {
  if (!name) errors.push(requiredField(`${path}.name`))
  else checkSubdomain(name, `${path}.name`, errors)
  if (!namespace) errors.push(requiredField(`${path}.namespace`))
  else checkLabelForm(namespace, `${path}.namespace`, errors)
}

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

const sources: { readonly [K in SourceName]-?: SourceCheck<Source<K>> } = {
  hostPath: shared.hostPath,
  gcePersistentDisk: shared.gcePersistentDisk,
  awsElasticBlockStore: shared.awsElasticBlockStore,
  glusterfs: (glusterfs, at, errors) => {
    shared.glusterfs(glusterfs, at, errors)
    const namespace = glusterfs.endpointsNamespace
    const path = `${at}.endpointsNamespace`
    const why = 'if the endpointnamespace is set, it must be a valid namespace name'
    if (namespace === '') errors.push(invalidField(path, namespace, why))
    else if (namespace !== undefined) checkLabelForm(namespace, path, errors)
  },
  flocker: shared.flocker,
  nfs: shared.nfs,
  rbd: shared.rbd,
  quobyte: shared.quobyte,
  cephfs: shared.cephfs,
  // Needs the volume's name; checked below.
  iscsi: () => {},
  cinder: ({ volumeID, secretRef }, at, errors) => {
    checkPresent(volumeID, `${at}.volumeID`, errors)
    if (secretRef) checkSecretNames(secretRef, `${at}.secretRef`, errors)
  },
  fc: shared.fc,
  flexVolume: shared.flexVolume,
  azureFile: (azureFile, at, errors) => {
    shared.azureFile(azureFile, at, errors)
    if (azureFile.secretNamespace === '') errors.push(requiredField(`${at}.secretNamespace`))
  },
  vsphereVolume: shared.vsphereVolume,
  photonPersistentDisk: shared.photonPersistentDisk,
  portworxVolume: shared.portworxVolume,
  azureDisk: shared.azureDisk,
  scaleIO: shared.scaleIO,
  local: ({ path }, at, errors) => {
    if (!path) errors.push(requiredField(`${at}.path`))
    else checkForm(backstepErrors, path, `${at}.path`, errors)
  },
  storageos: (storageos, at, errors) => {
    shared.storageos(storageos, at, errors)
    if (storageos.secretRef) checkSecretNames(storageos.secretRef, `${at}.secretRef`, errors)
  },
  csi: (csi, at, errors) => {
    checkDriverName(csi.driver, `${at}.driver`, errors)
    checkPresent(csi.volumeHandle, `${at}.volumeHandle`, errors)
    for (const name of csiSecrets) {
      const secret = csi[name]
      if (secret) checkSecret(secret, `${at}.${name}`, errors)
    }
  },
}

export const sourceNames = Object.keys(sources) as SourceName[]

/** Exactly one source, and what it asks for. */
export function checkPersistentSource(
  spec: DeepReadonly<PersistentVolumeSpec>,
  name: string,
  path: string,
  errors: FieldError[],
): void {
  let count = 0
  for (const source of sourceNames) {
    const value = spec[source]
    if (!value) continue
    const at = `${path}.${source}`
    // Upstream forgets to refuse a flexVolume beside another source.
    if (count++ > 0 && source !== 'flexVolume') {
      errors.push(secondSource(source === 'cephfs' ? `${path}.cephFS` : at))
      continue
    }
    if (source === 'iscsi') checkIscsi(spec.iscsi!, name, at, errors)
    // The table ties each name to the check of its own source.
    else (sources[source] as SourceCheck<typeof value>)(value, at, errors)
    if (source === 'local' && !spec.nodeAffinity) {
      errors.push(requiredField(`${path}.nodeAffinity`, 'Local volume requires node affinity'))
    }
  }
  if (count === 0) errors.push(requiredField(path, 'must specify a volume type'))
}

function checkIscsi(
  iscsi: DeepReadonly<ISCSIPersistentVolumeSource>,
  name: string,
  path: string,
  errors: FieldError[],
): void {
  const { targetPortal = '', initiatorName, iqn, secretRef } = iscsi
  const form = 'must be valid format'
  checkPresent(targetPortal, `${path}.targetPortal`, errors)
  if (initiatorName !== undefined && `${name}:${targetPortal}`.length > 64) {
    const why =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    errors.push(invalidField(`${path}.targetportal`, targetPortal, why))
  }
  if (!iqn) errors.push(requiredField(`${path}.iqn`))
  else shared.checkIqn(iqn, form, `${path}.iqn`, errors)
  shared.checkLun(iscsi.lun, `${path}.lun`, errors)
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !secretRef) {
    errors.push(requiredField(`${path}.secretRef`))
  }
  if (secretRef) checkPresent(secretRef.name, `${path}.secretRef.name`, errors)
  if (initiatorName !== undefined) shared.checkIqn(initiatorName, form, `${path}.initiatorname`, errors)
}
