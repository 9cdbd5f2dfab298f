import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { runtimeClasses } from '../types/resources.ts'

export const runtimeClass = define(runtimeClasses, {
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  columns: [nameColumn, text('Handler', (object) => object.handler ?? ''), ageColumn],
})
