import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Namespace } from '../types/core/v1.ts'
import { checkForm } from './checks.ts'

/** After pkg/apis/core/validation ValidateNamespace, …StatusUpdate and …FinalizeUpdate v1.36. */

type ReadonlyNamespace = DeepReadonly<Namespace>

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion']

function checkFinalizer(name: string, path: string, errors: FieldError[]): void {
  checkForm(labelKeyErrors, name, path, errors)
  if (name.includes('/') || standardFinalizers.includes(name)) return
  errors.push(invalidField(path, name, 'name is neither a standard finalizer name nor is it fully qualified'))
}

export function validateNamespace({ spec }: ReadonlyNamespace): FieldError[] {
  const errors: FieldError[] = []
  for (const name of spec?.finalizers ?? []) checkFinalizer(name, 'spec.finalizers', errors)
  return errors
}

export function validateNamespaceFinalize({ spec }: ReadonlyNamespace): FieldError[] {
  const errors: FieldError[] = []
  spec?.finalizers?.forEach((name, index) => {
    checkFinalizer(name, `spec.finalizers[${index}]`, errors)
  })
  return errors
}

/** The phase follows from the deletion. */
export function validateNamespaceStatus({ metadata, status }: ReadonlyNamespace): FieldError[] {
  const phase = status?.phase ?? ''
  const isDeleted = metadata?.deletionTimestamp !== undefined
  if (phase === (isDeleted ? 'Terminating' : 'Active')) return []
  const why = isDeleted
    ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
    : "may only be 'Active' if `deletionTimestamp` is empty"
  return [invalidField('status.Phase', phase, why)]
}
