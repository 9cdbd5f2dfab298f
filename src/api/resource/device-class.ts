import { define } from '../define.ts'
import { ageColumn, nameColumn } from '../printing.ts'
import { deviceClasses } from '../types/resources.ts'
import { validateDeviceClass, validateDeviceClassUpdate } from '../validation/dynamic-resources/device-class.ts'
import { declarativeName } from '../validation/formats.ts'

export const deviceClass = define(deviceClasses, {
  validateName: declarativeName,
  returnsDeletedObject: true,
  generationFields: ['spec'],
  validate: validateDeviceClass,
  validateUpdate: validateDeviceClassUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  columns: [nameColumn, ageColumn],
})
