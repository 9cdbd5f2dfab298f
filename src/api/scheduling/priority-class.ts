import { define } from '../define.ts'
import { ageColumn, integer, nameColumn, text } from '../printing.ts'
import { priorityClasses } from '../types/resources.ts'
import { validatePriorityClass, validatePriorityClassUpdate } from '../validation/priority-class.ts'

export const priorityClass = define(priorityClasses, {
  validate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  applyDefaults: (object) => {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  // The value never changes, so neither does the generation.
  generationFields: ['value'],
  columns: [
    nameColumn,
    integer('Value', (object) => object.value),
    { name: 'Global-Default', type: 'boolean', cell: (object) => object.globalDefault ?? false },
    ageColumn,
    text('PreemptionPolicy', (object) => object.preemptionPolicy ?? ''),
  ],
})
