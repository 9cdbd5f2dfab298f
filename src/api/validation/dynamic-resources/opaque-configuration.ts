import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField, tooLongField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { OpaqueDeviceConfiguration } from '../../types/resource/v1.ts'
import { checkDriverName } from '../volumes.ts'

const parametersMaxBytes = 10 * 1024

interface Configured {
  readonly opaque?: DeepReadonly<OpaqueDeviceConfiguration>
}

/** After validateDeviceConfiguration. `isStored`: it was accepted before, when there was no limit of its size yet. */
export function checkDeviceConfiguration(
  { opaque }: Configured,
  isStored: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (!opaque) return void errors.push(requiredField(`${path}.opaque`))
  checkDriverName(opaque.driver, `${path}.opaque.driver`, errors)
  const most = isStored ? Number.POSITIVE_INFINITY : parametersMaxBytes
  checkRawObject(opaque.parameters, most, `${path}.opaque.parameters`, errors)
}

/** Any JSON object of at most `most` bytes. After validateRawExtension. */
export function checkRawObject(value: unknown, most: number, path: string, errors: FieldError[]): void {
  if (value === undefined || value === null) errors.push(requiredField(path))
  else if (Buffer.byteLength(JSON.stringify(value)) > most) errors.push(tooLongField(path, most))
  else if (typeof value !== 'object' || Array.isArray(value)) {
    errors.push(invalidField(path, '<value omitted>', 'must be a valid JSON object'))
  }
}
