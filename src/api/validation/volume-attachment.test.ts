import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VolumeAttachment, VolumeAttachmentSource } from '../types/storage/v1.ts'
import { validateVolumeAttachment, validateVolumeAttachmentUpdate } from './volume-attachment.ts'

const attachmentOf = (source: VolumeAttachmentSource, attacher = 'example.com'): VolumeAttachment => ({
  spec: { attacher, nodeName: 'n', source },
})

const context = 'in the context of inline volumes'
const csi = { driver: 'example.com', volumeHandle: 'h' }

const rows: { title: string; source: VolumeAttachmentSource; wrong: string[] }[] = [
  { title: 'by its name', source: { persistentVolumeName: 'v' }, wrong: [] },
  { title: 'inline', source: { inlineVolumeSpec: { csi, accessModes: ['ReadWriteOnce'] } }, wrong: [] },
  {
    title: 'by nothing',
    source: {},
    wrong: ['spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  },
  {
    title: 'inline, with what belongs to a volume of its own',
    source: {
      inlineVolumeSpec: {
        csi,
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        claimRef: {},
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 's',
        volumeMode: 'Block',
      },
    },
    wrong: [
      `spec.source.inlineVolumeSpec.claimRef: Forbidden: may not be specified ${context}`,
      `spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified ${context}`,
      `spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain ${context}`,
      `spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified ${context}`,
      `spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem ${context}`,
    ],
  },
  {
    title: 'inline, of no CSI driver',
    source: { inlineVolumeSpec: { hostPath: { path: '/x' }, accessModes: ['ReadWriteOnce'] } },
    wrong: [`spec.source.inlineVolumeSpec.csi: Required value: has to be specified ${context}`],
  },
]

for (const { title, source, wrong } of rows) {
  test(`a volume is attached ${title}`, () => {
    const errors = validateVolumeAttachment(attachmentOf(source))
    assert.deepEqual(
      errors.map(({ field, detail }) => `${field}: ${detail}`),
      wrong,
    )
  })
}

test('an attachment stays as it is, and shows itself as Go has it', () => {
  const [error] = validateVolumeAttachmentUpdate(
    attachmentOf({ persistentVolumeName: 'v' }, 'other.example.com'),
    attachmentOf({ persistentVolumeName: 'v' }),
  )
  const shown =
    '{"Attacher":"other.example.com","Source":{"PersistentVolumeName":"v","InlineVolumeSpec":null},"NodeName":"n"}'
  assert.equal(error?.detail, `Invalid value: ${shown}: field is immutable`)
})
