import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Lease } from '../types/coordination/v1.ts'
import { checkNonNegative } from './checks.ts'

/** After pkg/apis/coordination/validation ValidateLeaseSpec v1.36. */
export function validateLease({ spec }: DeepReadonly<Lease>): FieldError[] {
  const errors: FieldError[] = []
  const duration = spec?.leaseDurationSeconds
  if (duration !== undefined && duration <= 0) {
    errors.push(invalidField('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  }
  checkNonNegative(spec?.leaseTransitions, 'spec.leaseTransitions', errors)
  return errors
}
