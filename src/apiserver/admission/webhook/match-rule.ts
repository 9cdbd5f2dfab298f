import type { NamedRuleWithOperations } from '../../../api/types/admissionregistration/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { type GroupVersionResource, isNamespaces, requestNamespace } from './request-kind.ts'

export type Rule = DeepReadonly<NamedRuleWithOperations>

/**
 * Whether a rule concerns a request, taken as one for `resource` (which may be another version of what the request
 * names). After apiserver webhook/predicates/rules v1.36, with the names of policy/matching.
 */
export function matchesRule(rule: Rule, resource: GroupVersionResource, attributes: AdmissionAttributes): boolean {
  return (
    matchesScope(rule, attributes) &&
    includes(rule.operations, attributes.operation) &&
    includes(rule.apiGroups, resource.group) &&
    includes(rule.apiVersions, resource.version) &&
    matchesResource(rule, resource.resource, attributes.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  )
}

function includes(items: readonly string[] | undefined, requested: string): boolean {
  return items?.some((item) => item === '*' || item === requested) ?? false
}

/** A Namespace counts as an object without namespace. */
function matchesScope({ scope = '*' }: Rule, attributes: AdmissionAttributes): boolean {
  if (scope === '*') return true
  const isNamespaced = !isNamespaces(attributes.definition) && requestNamespace(attributes) !== ''
  return scope === 'Namespaced' ? isNamespaced : scope === 'Cluster' && !isNamespaced
}

function matchesResource({ resources = [] }: Rule, plural: string, subresource: string): boolean {
  return resources.some((text) => {
    const slash = text.indexOf('/')
    const resource = slash < 0 ? text : text.slice(0, slash)
    const below = slash < 0 ? '' : text.slice(slash + 1)
    return (resource === '*' || resource === plural) && (below === '*' || below === subresource)
  })
}
