import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField, tooLongField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../types/storage/v1.ts'
import { checkImmutable, checkSubdomain } from './checks.ts'
import { inclusiveRange } from './formats.ts'
import { checkInlineVolumeSpec } from './persistent-volume.ts'
import { checkDriverName } from './volumes.ts'

/** After pkg/apis/storage/validation ValidateVolumeAttachment v1.36. */

const maxMetadataBytes = 256 * 1024
const maxMessageBytes = 1024
const maxCode = 2 ** 31 - 1

type Attachment = DeepReadonly<VolumeAttachment>

export function validateVolumeAttachment({ spec, status }: Attachment): FieldError[] {
  const errors: FieldError[] = []
  checkDriverName(spec?.attacher, 'spec.attacher', errors)
  checkSource(spec?.source ?? {}, errors)
  checkSubdomain(spec?.nodeName ?? '', 'spec.nodeName', errors)
  checkAttachmentMetadata(status?.attachmentMetadata ?? {}, errors)
  checkVolumeError(status?.attachError, 'status.attachError', errors)
  checkVolumeError(status?.detachError, 'status.detachError', errors)
  const volume = spec?.source?.persistentVolumeName
  if (volume !== undefined) checkSubdomain(volume, 'spec.source.persistentVolumeName', errors)
  return errors
}

export function validateVolumeAttachmentUpdate(object: Attachment, old: Attachment): FieldError[] {
  const errors = validateVolumeAttachment(object)
  const isSame = isDeepStrictEqual(object.spec, old.spec)
  checkImmutable(isSame, isSame ? undefined : goForm('VolumeAttachmentSpec', object.spec ?? {}), 'spec', errors)
  return errors
}

function checkSource(
  { persistentVolumeName: name, inlineVolumeSpec: inline }: DeepReadonly<VolumeAttachmentSource>,
  errors: FieldError[],
): void {
  const path = 'spec.source'
  const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (inline && name !== undefined) errors.push(forbiddenField(path, why))
  else if (!inline && name === undefined) errors.push(requiredField(path, why))
  else if (name === '') {
    errors.push(requiredField(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'))
  } else if (inline) checkInlineVolumeSpec(inline, `${path}.inlineVolumeSpec`, errors)
}

function checkAttachmentMetadata(metadata: Readonly<Record<string, string>>, errors: FieldError[]): void {
  const bytes = Object.entries(metadata).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  if (bytes > maxMetadataBytes) errors.push(tooLongField('status.attachmentMetadata', maxMetadataBytes))
}

/** The limit that the error names is upstream's, which is not the one it checks. */
function checkVolumeError(error: DeepReadonly<VolumeError> | undefined, path: string, errors: FieldError[]): void {
  if (!error) return
  if (Buffer.byteLength(error.message ?? '') > maxMessageBytes) {
    errors.push(tooLongField(`${path}.message`, maxMetadataBytes))
  }
  const code = error.errorCode
  if (code !== undefined && code < 0) errors.push(invalidField(`${path}.errorCode`, code, inclusiveRange(0, maxCode)))
}
