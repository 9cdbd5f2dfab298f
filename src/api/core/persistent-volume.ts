import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { accessModesText, ageColumn, nameColumn, text, wide } from '../printing.ts'
import type { StrategyContext } from '../resource-definition.ts'
import type { PersistentVolume } from '../types/core/v1.ts'
import { persistentVolumes } from '../types/resources.ts'
import { validatePersistentVolume, validatePersistentVolumeUpdate } from '../validation/persistent-volume.ts'
import { applyStorageSystemDefaults, roundUpToMilli } from './pod-spec-defaults.ts'
import { persistentVolumeWarnings } from './volume-warnings.ts'

function applyDefaults(volume: PersistentVolume): void {
  volume.status ??= {}
  volume.status.phase ||= 'Pending'
  const { spec } = volume
  if (!spec) return
  spec.persistentVolumeReclaimPolicy ||= 'Retain'
  spec.volumeMode ??= 'Filesystem'
  roundUpToMilli(spec.capacity)
  if (spec.hostPath) spec.hostPath.type ??= ''
  applyStorageSystemDefaults(spec)
}

function prepareForCreate(volume: PersistentVolume, { nowMs }: StrategyContext): void {
  volume.status = { phase: 'Pending', lastPhaseTransitionTime: time(nowMs) }
}

function time(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`
}

/** A write that changes the phase without saying when changes it now. */
function prepareForStatusUpdate(
  { status }: PersistentVolume,
  { status: before }: DeepReadonly<PersistentVolume>,
  { nowMs }: StrategyContext,
): void {
  if (!status) return
  const isSamePhase = status.phase === before?.phase
  if (isSamePhase && !status.lastPhaseTransitionTime && before?.lastPhaseTransitionTime) {
    status.lastPhaseTransitionTime = before.lastPhaseTransitionTime
  }
  const saysWhen = status.lastPhaseTransitionTime && status.lastPhaseTransitionTime !== before?.lastPhaseTransitionTime
  if (!isSamePhase && !saysWhen) status.lastPhaseTransitionTime = time(nowMs)
}

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

function claimText({ spec }: DeepReadonly<PersistentVolume>): string {
  return spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : ''
}

export const persistentVolume = define(persistentVolumes, {
  returnsDeletedObject: true,
  applyDefaults,
  prepareForCreate,
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  metadataChecksOnUpdate: ['whole', 'whole'],
  warnings: persistentVolumeWarnings,
  status: { prepareForUpdate: prepareForStatusUpdate },
  columns: [
    nameColumn,
    text('Capacity', (object) => object.spec?.capacity?.storage ?? '0'),
    text('Access Modes', (object) => accessModesText(object.spec?.accessModes)),
    text('Reclaim Policy', (object) => object.spec?.persistentVolumeReclaimPolicy ?? ''),
    text('Status', (object) => (object.metadata?.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? ''))),
    text('Claim', claimText),
    text(
      'StorageClass',
      (object) => object.metadata?.annotations?.[classAnnotation] ?? object.spec?.storageClassName ?? '',
    ),
    text('VolumeAttributesClass', (object) => object.spec?.volumeAttributesClassName ?? '<unset>'),
    text('Reason', (object) => object.status?.reason ?? ''),
    ageColumn,
    wide('VolumeMode', (object) => object.spec?.volumeMode ?? '<unset>'),
  ],
})
