import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { runtimeClasses } from '../types/resources.ts'
import { validateRuntimeClass, validateRuntimeClassUpdate } from '../validation/simple.ts'

export const runtimeClass = define(runtimeClasses, {
  validate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  columns: [nameColumn, text('Handler', (object) => object.handler ?? ''), ageColumn],
})
