import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { deprecatedNodeLabels } from '../node/deprecated-labels.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import { storageClasses, volumeAttributesClasses } from '../types/resources.ts'
import type { StorageClass } from '../types/storage/v1.ts'
import {
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolumeAttributesClass,
  validateVolumeAttributesClassUpdate,
} from '../validation/storage-class.ts'

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

function warnings({ allowedTopologies = [] }: DeepReadonly<StorageClass>): string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, term) =>
    matchLabelExpressions.flatMap(({ key }, index) => {
      const why = deprecatedNodeLabels.get(key)
      return why === undefined ? [] : [`allowedTopologies[${term}].matchLabelExpressions[${index}].key: ${why}`]
    }),
  )
}

export const storageClass = define(storageClasses, {
  returnsDeletedObject: true,
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  warnings,
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
  validate: validateVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  columns: [nameColumn, text('DriverName', (object) => object.driverName ?? ''), ageColumn],
})
