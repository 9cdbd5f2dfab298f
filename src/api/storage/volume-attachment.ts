import { applyStorageSystemDefaults, roundUpToMilli } from '../core/pod-spec-defaults.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { resetMetadataForStatus } from '../strategy.ts'
import { volumeAttachments } from '../types/resources.ts'
import { validateVolumeAttachment, validateVolumeAttachmentUpdate } from '../validation/volume-attachment.ts'

export const volumeAttachment = define(volumeAttachments, {
  // As the spec of a PersistentVolume, but for what only that has.
  applyDefaults: ({ spec }) => {
    const inline = spec?.source?.inlineVolumeSpec
    if (!inline) return
    roundUpToMilli(inline.capacity)
    if (inline.hostPath) inline.hostPath.type ??= ''
    applyStorageSystemDefaults(inline)
  },
  returnsDeletedObject: true,
  allowUnconditionalUpdate: false,
  validate: validateVolumeAttachment,
  validateUpdate: validateVolumeAttachmentUpdate,
  metadataChecksOnUpdate: ['whole'],
  status: {
    resetFields: [['metadata']],
    prepareForUpdate: resetMetadataForStatus,
    validateUpdate: validateVolumeAttachmentUpdate,
    metadataChecksOnUpdate: ['whole'],
  },
  columns: [
    nameColumn,
    { name: 'Attacher', type: 'string', format: 'name', cell: (object) => object.spec?.attacher ?? '' },
    text('PV', (object) => object.spec?.source?.persistentVolumeName ?? ''),
    text('Node', (object) => object.spec?.nodeName ?? ''),
    { name: 'Attached', type: 'boolean', cell: (object) => object.status?.attached ?? false },
    ageColumn,
  ],
})
