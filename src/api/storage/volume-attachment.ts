import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { resetMetadataForStatus } from '../strategy.ts'
import { volumeAttachments } from '../types/resources.ts'
import { validateVolumeAttachment, validateVolumeAttachmentUpdate } from '../validation/volume-attachment.ts'

export const volumeAttachment = define(volumeAttachments, {
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
