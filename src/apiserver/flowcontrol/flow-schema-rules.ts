import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/types/flowcontrol/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { RequestInfo, UserInfo } from '../request.ts'

/** Whether a request belongs to a FlowSchema. */
export type FlowMatcher = (info: RequestInfo, user: UserInfo) => boolean

/** A schema's rules as functions, made once: every request goes through them. After util/flowcontrol/rule.go v1.36. */
export function compileRules({ spec }: DeepReadonly<FlowSchema>): FlowMatcher {
  return anyOf((spec?.rules ?? []).map(compileRule))
}

function compileRule({
  subjects,
  resourceRules,
  nonResourceRules,
}: DeepReadonly<PolicyRulesWithSubjects>): FlowMatcher {
  const isSubject = anyOf(subjects.map(compileSubject))
  const isResource = anyOf((resourceRules ?? []).map(compileResourceRule))
  const isPath = anyOf((nonResourceRules ?? []).map(compilePathRule))
  return (info, user) => isSubject(info, user) && (info.isResourceRequest ? isResource : isPath)(info, user)
}

function anyOf(matchers: readonly FlowMatcher[]): FlowMatcher {
  return matchers.length === 1 ? matchers[0]! : (info, user) => matchers.some((matches) => matches(info, user))
}

function compileSubject({ kind, user, group, serviceAccount }: DeepReadonly<Subject>): FlowMatcher {
  if (kind === 'User' && user) return (_info, { name }) => user.name === '*' || user.name === name
  if (kind === 'Group' && group) return (_info, { groups }) => group.name === '*' || groups.includes(group.name)
  if (kind === 'ServiceAccount' && serviceAccount) {
    const prefix = `system:serviceaccount:${serviceAccount.namespace}:`
    if (serviceAccount.name === '*') return (_info, { name }) => name.startsWith(prefix)
    return (_info, { name }) => name === prefix + serviceAccount.name
  }
  return () => false
}

function compileResourceRule(rule: DeepReadonly<ResourcePolicyRule>): FlowMatcher {
  const hasVerb = contains(rule.verbs)
  const hasResource = contains(rule.resources)
  const hasGroup = contains(rule.apiGroups)
  const hasNamespace = contains(rule.namespaces ?? [])
  return ({ verb, resource, subresource, group, namespace }) =>
    hasVerb(verb) &&
    hasResource(subresource === '' ? resource : `${resource}/${subresource}`) &&
    hasGroup(group) &&
    (namespace === '' ? rule.clusterScope === true : hasNamespace(namespace))
}

function compilePathRule({ verbs, nonResourceURLs }: DeepReadonly<NonResourcePolicyRule>): FlowMatcher {
  const hasVerb = contains(verbs)
  const prefixes = nonResourceURLs.map((url) => url.replace(/\*$/, '').replace(/\/?$/, '/'))
  return ({ verb, path }) =>
    hasVerb(verb) &&
    nonResourceURLs.some((url, index) => url === '*' || url === path || path.startsWith(prefixes[index]!))
}

/** `*` stands alone, as validation has it. */
function contains(list: readonly string[]): (value: string) => boolean {
  if (list.length === 1 && list[0] === '*') return () => true
  const values = new Set(list)
  return (value) => values.has(value)
}
