import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Toleration } from '../types/core/v1.ts'
import type { RuntimeClass } from '../types/node/v1.ts'
import { checkTolerations } from './affinity.ts'
import { checkImmutable, checkLabelForm, checkLabels } from './checks.ts'
import { goString, goStruct, goValue } from './go-json.ts'
import { checkResources } from './resources.ts'

/** After pkg/apis/node/validation v1.36. */
export function validateRuntimeClass(object: DeepReadonly<RuntimeClass>): FieldError[] {
  const errors: FieldError[] = []
  const { handler, overhead, scheduling } = object
  if (handler) checkLabelForm(handler, 'handler', errors)
  else errors.push(requiredField('handler'))
  if (overhead?.podFixed) checkResources({ limits: overhead.podFixed }, { podClaims: [] }, 'overhead', errors)
  checkLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector', errors)
  const tolerations = scheduling?.tolerations ?? []
  checkTolerations(tolerations, 'scheduling.tolerations', errors)
  checkDistinct(tolerations, errors)
  return errors
}

export function validateRuntimeClassUpdate(
  object: DeepReadonly<RuntimeClass>,
  old: DeepReadonly<RuntimeClass>,
): FieldError[] {
  const errors = validateRuntimeClass(object)
  checkImmutable(object.handler === old.handler, object.handler ?? '', 'handler', errors)
  return errors
}

const goToleration = goStruct([
  ['Key', 'key', goString],
  ['Operator', 'operator', goString],
  ['Value', 'value', goString],
  ['Effect', 'effect', goString],
  ['TolerationSeconds', 'tolerationSeconds', goValue],
])

/** For how long a taint is tolerated makes no other toleration of it. */
function checkDistinct(tolerations: readonly DeepReadonly<Toleration>[], errors: FieldError[]): void {
  const seen = new Set<string>()
  tolerations.forEach((toleration, index) => {
    const { key = '', operator = '', value = '', effect = '' } = toleration
    const identity = JSON.stringify([key, operator, value, effect])
    if (seen.has(identity)) {
      errors.push(duplicateField(`scheduling.tolerations[${index}]`, goToleration(toleration)))
    }
    seen.add(identity)
  })
}
