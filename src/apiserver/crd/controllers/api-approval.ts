import type { CustomResourceDefinition } from '../../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { NewCondition } from '../conditions.ts'

const annotation = 'api-approved.kubernetes.io'
const type = 'KubernetesAPIApprovalPolicyConformant'
const proposal = 'see https://github.com/kubernetes/enhancements/pull/1111'

/**
 * What the groups of the Kubernetes community must say of their review; `undefined` for all other groups. After
 * apiextensions-apiserver controller/apiapproval and pkg/apihelpers v1.36.
 */
export function apiApproval({ spec, metadata }: DeepReadonly<CustomResourceDefinition>): NewCondition | undefined {
  if (!isProtectedGroup(spec.group)) return undefined
  const value = metadata?.annotations?.[annotation] ?? ''
  const must = `protected groups must have approval annotation "${annotation}"`
  if (value === '') return { type, status: 'False', reason: 'MissingAnnotation', message: `${must}, ${proposal}` }
  if (value.startsWith('unapproved')) {
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(value)}` }
  }
  if (isAbsoluteUrl(value)) {
    return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` }
  }
  const how = 'with either a URL or a reason starting with "unapproved"'
  return { type, status: 'False', reason: 'InvalidAnnotation', message: `${must} ${how}, ${proposal}` }
}

function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group)
}

function isAbsoluteUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && url.host !== '' && url.protocol !== ''
}
