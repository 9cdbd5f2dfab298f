import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { CustomResourceDefinition } from '../../types/apiextensions/v1.ts'

const annotation = 'api-approved.kubernetes.io'
const path = `metadata.annotations[${annotation}]`
const reference = 'see https://github.com/kubernetes/enhancements/pull/1111'

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid'

/** Groups of the Kubernetes community need its approval, as an annotation. After validateAPIApproval. */
export function approvalErrors(
  definition: DeepReadonly<CustomResourceDefinition>,
  old: DeepReadonly<CustomResourceDefinition> | undefined,
): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(definition.spec?.group ?? '')) return []
  const approval = approvalOf(definition)
  if (old !== undefined && approvalOf(old) === approval) return []
  if (approval === 'missing') {
    const why = `protected groups must have approval annotation "${annotation}", ${reference}`
    return [requiredField(path, why)]
  }
  if (approval !== 'invalid') return []
  const why = `protected groups must have approval annotation "${annotation}" with either a URL or a reason starting with "unapproved", ${reference}`
  return [invalidField(path, definition.metadata?.annotations?.[annotation] ?? '', why)]
}

function approvalOf({ metadata }: DeepReadonly<CustomResourceDefinition>): Approval {
  const value = metadata?.annotations?.[annotation] ?? ''
  if (value === '') return 'missing'
  if (value.startsWith('unapproved')) return 'bypassed'
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url !== undefined && url.host !== '' ? 'approved' : 'invalid'
}
