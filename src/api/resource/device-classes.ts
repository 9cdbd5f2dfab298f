import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { deviceClasses, resourceSlices } from '../types/resources.ts'

export const deviceClass = define(deviceClasses, {
  returnsDeletedObject: true,
  generationFields: ['spec'],
  columns: [nameColumn, ageColumn],
})

export const resourceSlice = define(resourceSlices, {
  returnsDeletedObject: true,
  generationFields: ['spec'],
  selectableFields: {
    'spec.nodeName': (object) => object.spec?.nodeName ?? '',
    'spec.driver': (object) => object.spec?.driver ?? '',
  },
  columns: [
    nameColumn,
    text('Node', (object) => object.spec?.nodeName ?? ''),
    text('Driver', (object) => object.spec?.driver ?? ''),
    text('Pool', (object) => object.spec?.pool?.name ?? ''),
    ageColumn,
  ],
})
