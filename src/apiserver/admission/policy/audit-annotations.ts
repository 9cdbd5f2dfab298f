import type { ValidatingAdmissionPolicyBinding } from '../../../api/types/admissionregistration/v1.ts'
import type { Held } from '../../object-reader.ts'
import type { AdmissionAttributes } from '../admission.ts'

const maxValueLength = 10 * 1024

/** The annotations that one policy's bindings give an audit event: several values of a key stand side by side. */
export class AuditAnnotations {
  readonly #values = new Map<string, Set<string>>()

  add(key: string, value: string): void {
    const values = this.#values.get(key) ?? new Set()
    this.#values.set(key, values.add(value.slice(0, maxValueLength)))
  }

  publish(policyName: string, { annotate }: AdmissionAttributes): void {
    for (const [key, values] of this.#values) annotate(`${policyName}/${key}`, [...values].join(', '), 'Metadata')
  }
}

export interface ValidationFailure {
  readonly binding: Held<ValidatingAdmissionPolicyBinding>
  readonly expressionIndex: number
  readonly message: string
}

/** What a binding with the action Audit leaves behind. A list, since there may be more in one some day. */
export function annotateFailure(
  { binding, expressionIndex, message }: ValidationFailure,
  { annotate }: AdmissionAttributes,
): void {
  const { policyName = '', validationActions = [] } = binding.spec ?? {}
  const failure = { message, policy: policyName, binding: binding.metadata.name, expressionIndex, validationActions }
  annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]), 'Metadata')
}
