import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { accessModesText, ageColumn, nameColumn, text, wide } from '../printing.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types/core/v1.ts'
import { persistentVolumeClaims } from '../types/resources.ts'
import { validatePersistentVolumeClaim } from '../validation/simple.ts'
import { applyVolumeClaimSpecDefaults } from './pod-spec-defaults.ts'

function applyDefaults(claim: PersistentVolumeClaim): void {
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
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

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

const isBound = ({ spec }: DeepReadonly<PersistentVolumeClaim>) => (spec?.volumeName ?? '') !== ''

export const persistentVolumeClaim = define(persistentVolumeClaims, {
  returnsDeletedObject: true,
  validate: validatePersistentVolumeClaim,
  validateUpdate: validatePersistentVolumeClaim,
  applyDefaults,
  prepareForCreate: (claim) => {
    claim.status = { phase: 'Pending' }
    normalizeDataSources(claim.spec)
  },
  prepareForUpdate: (claim) => normalizeDataSources(claim.spec),
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
