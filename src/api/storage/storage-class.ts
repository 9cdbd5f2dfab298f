import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import { storageClasses, volumeAttributesClasses } from '../types/resources.ts'
import type { StorageClass } from '../types/storage/v1.ts'
import { validateStorageClass, validateStorageClassUpdate } from '../validation/simple.ts'

function applyDefaults(object: StorageClass): void {
  object.reclaimPolicy ??= 'Delete'
  object.volumeBindingMode ??= 'Immediate'
}

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

const defaultableName: Column<StorageClass> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: ({ metadata }) => {
    const isDefault = defaultAnnotations.some((annotation) => metadata?.annotations?.[annotation] === 'true')
    return `${metadata?.name ?? ''}${isDefault ? ' (default)' : ''}`
  },
}

export const storageClass = define(storageClasses, {
  returnsDeletedObject: true,
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  applyDefaults,
  columns: [
    defaultableName,
    text('Provisioner', (object) => object.provisioner ?? ''),
    text('ReclaimPolicy', (object) => object.reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', (object) => object.volumeBindingMode ?? 'Immediate'),
    text('AllowVolumeExpansion', (object) => object.allowVolumeExpansion ?? false),
    ageColumn,
  ],
})

export const volumeAttributesClass = define(volumeAttributesClasses, {
  returnsDeletedObject: true,
  columns: [nameColumn, text('DriverName', (object) => object.driverName ?? ''), ageColumn],
})
