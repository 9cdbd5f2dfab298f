import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import { parseApiVersion } from '../../../machinery/object.ts'
import type { AdmissionAttributes } from '../admission.ts'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface GroupVersionResource {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** Of the object in the request, which below a subresource may be of a kind of its own: Scale, Eviction, PodExecOptions. */
export function requestKind({ definition, object, oldObject }: AdmissionAttributes): GroupVersionKind {
  const { apiVersion, kind } = object ?? oldObject ?? {}
  if (!apiVersion || !kind) return kindOf(definition)
  return { ...parseApiVersion(apiVersion), kind }
}

export function kindOf({ group, version, kind }: ResourceDefinition): GroupVersionKind {
  return { group, version, kind }
}

export function resourceOf({ group, version, plural }: ResourceDefinition): GroupVersionResource {
  return { group, version, resource: plural }
}

export function isNamespaces({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'namespaces'
}

/** For a Namespace itself it is its own name, also while it is being created. */
export function requestNamespace({ definition, namespace, name }: AdmissionAttributes): string {
  return namespace === '' && isNamespaces(definition) ? name : namespace
}

const configurationKinds: ReadonlySet<string> = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
])

/**
 * What configures admission is itself seen by no webhook and no policy: otherwise one that refuses everything could
 * never be removed. After rules.go IsExemptAdmissionConfigurationResource v1.36.
 */
export function isExempt(attributes: AdmissionAttributes): boolean {
  const { group, kind } = requestKind(attributes)
  return group === 'admissionregistration.k8s.io' && configurationKinds.has(kind)
}
