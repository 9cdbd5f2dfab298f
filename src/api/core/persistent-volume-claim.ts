import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { accessModesText, ageColumn, nameColumn, text, wide } from '../printing.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types/core/v1.ts'
import { persistentVolumeClaims } from '../types/resources.ts'
import {
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimStatus,
  validatePersistentVolumeClaimUpdate,
} from '../validation/persistent-volume-claim.ts'
import { applyVolumeClaimSpecDefaults, roundUpToMilli } from './pod-spec-defaults.ts'
import { claimSpecWarnings } from './volume-warnings.ts'

function applyDefaults(claim: PersistentVolumeClaim): void {
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
  roundUpToMilli(claim.status.capacity)
  roundUpToMilli(claim.status.allocatedResources)
  if (claim.spec) applyVolumeClaimSpecDefaults(claim.spec)
}

/** `dataSource` and `dataSourceRef` say the same where they can. After pkg/api/persistentvolumeclaim NormalizeDataSources. */
export function normalizeDataSources(spec: PersistentVolumeClaimSpec | undefined): void {
  if (!spec) return
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource }
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _namespace, ...source } = dataSourceRef
    spec.dataSource = source
  }
}

/** Sources in other namespaces are behind a gate that is off; what no one can fill is no source. */
function prepareDataSources(
  spec: PersistentVolumeClaimSpec | undefined,
  old: DeepReadonly<PersistentVolumeClaimSpec> | undefined,
): void {
  if (!spec) return
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef
  const wasSet = Boolean(old?.dataSource ?? old?.dataSourceRef)
  if (!wasSet && !spec.dataSourceRef && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource
  normalizeDataSources(spec)
}

function isClaimOrSnapshot(source: PersistentVolumeClaimSpec['dataSource']): boolean {
  const group = source?.apiGroup ?? ''
  if (source?.kind === 'PersistentVolumeClaim') return group === ''
  return source?.kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io'
}

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

function claimWarnings({ metadata, spec }: DeepReadonly<PersistentVolumeClaim>): string[] {
  const isOldStyle = metadata?.annotations?.[classAnnotation] !== undefined
  const why = 'deprecated since v1.8; use "storageClassName" attribute instead'
  return [
    ...(isOldStyle ? [`metadata.annotations[${classAnnotation}]: ${why}`] : []),
    ...claimSpecWarnings(spec, 'spec'),
  ]
}

const isBound = ({ spec }: DeepReadonly<PersistentVolumeClaim>) => (spec?.volumeName ?? '') !== ''

export const persistentVolumeClaim = define(persistentVolumeClaims, {
  returnsDeletedObject: true,
  validate: validatePersistentVolumeClaim,
  validateUpdate: validatePersistentVolumeClaimUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  status: { validateUpdate: validatePersistentVolumeClaimStatus },
  warnings: claimWarnings,
  applyDefaults,
  prepareForCreate: (claim) => {
    claim.status = { phase: 'Pending' }
    prepareDataSources(claim.spec, undefined)
  },
  prepareForUpdate: (claim, old) => prepareDataSources(claim.spec, old.spec),
  columns: [
    nameColumn,
    text('Status', (object) => (object.metadata?.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? ''))),
    text('Volume', (object) => object.spec?.volumeName ?? ''),
    text('Capacity', (object) => (isBound(object) ? (object.status?.capacity?.storage ?? '0') : '')),
    text('Access Modes', (object) => (isBound(object) ? accessModesText(object.status?.accessModes) : '')),
    text(
      'StorageClass',
      (object) => object.metadata?.annotations?.[classAnnotation] ?? object.spec?.storageClassName ?? '',
    ),
    text('VolumeAttributesClass', (object) => object.spec?.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    wide('VolumeMode', (object) => object.spec?.volumeMode ?? '<unset>'),
  ],
})
