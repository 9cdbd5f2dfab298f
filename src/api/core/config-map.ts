import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { configMaps } from '../types/resources.ts'
import { validateConfigMap, validateConfigMapUpdate } from '../validation/configuration.ts'

export const configMap = define(configMaps, {
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  columns: [
    nameColumn,
    text('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn,
  ],
})
