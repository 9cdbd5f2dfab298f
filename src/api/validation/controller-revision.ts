import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ControllerRevision } from '../types/apps/v1.ts'
import { checkImmutable, checkNonNegative } from './checks.ts'

/** After pkg/apis/apps/validation ValidateControllerRevisionCreate and ValidateControllerRevisionUpdate v1.36. */

type Revision = DeepReadonly<ControllerRevision>

export function validateControllerRevision({ revision, data }: Revision): FieldError[] {
  const errors: FieldError[] = []
  checkNonNegative(revision, 'revision', errors)
  if (data === undefined || data === null) errors.push(requiredField('data', 'data is mandatory'))
  else if (typeof data !== 'object' || Array.isArray(data)) {
    errors.push(requiredField('data', 'data must be a valid JSON object'))
  }
  return errors
}

export function validateControllerRevisionUpdate({ revision, data }: Revision, old: Revision): FieldError[] {
  const errors: FieldError[] = []
  checkNonNegative(revision, 'revision', errors)
  checkImmutable(isDeepStrictEqual(data, old.data), data ?? null, 'data', errors)
  return errors
}
