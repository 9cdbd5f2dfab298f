import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField, tooLongField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { DeviceSelector } from '../../types/resource/v1.ts'
import { deviceSelectorError } from './device-expressions.ts'
import { checkList } from './lists.ts'

const maxSelectors = 32
const maxExpressionBytes = 10 * 1024

/** Expressions that a device must fulfil. After pkg/apis/resource/validation validateSelectorSlice v1.36. */
export function checkSelectors(
  selectors: readonly DeepReadonly<DeviceSelector>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  checkList(selectors, { most: maxSelectors, check: checkSelector }, path, errors)
}

function checkSelector({ cel }: DeepReadonly<DeviceSelector>, path: string, errors: FieldError[]): void {
  if (!cel) return void errors.push(requiredField(`${path}.cel`))
  const { expression = '' } = cel
  const at = `${path}.cel.expression`
  // Too long an expression is not worth compiling.
  if (Buffer.byteLength(expression) > maxExpressionBytes) errors.push(tooLongField(at, maxExpressionBytes))
  else {
    const why = deviceSelectorError(expression)
    if (why !== undefined) errors.push(invalidField(at, expression, why))
  }
}
