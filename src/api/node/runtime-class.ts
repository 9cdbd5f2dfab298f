import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { RuntimeClass } from '../types/node/v1.ts'
import { runtimeClasses } from '../types/resources.ts'
import { validateRuntimeClass, validateRuntimeClassUpdate } from '../validation/runtime-class.ts'
import { deprecatedNodeLabels } from './deprecated-labels.ts'

function warnings({ scheduling }: DeepReadonly<RuntimeClass>): string[] {
  return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
    const why = deprecatedNodeLabels.get(key)
    return why === undefined ? [] : [`scheduling.nodeSelector: ${why}`]
  })
}

export const runtimeClass = define(runtimeClasses, {
  validate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  warnings,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  columns: [nameColumn, text('Handler', (object) => object.handler ?? ''), ageColumn],
})
