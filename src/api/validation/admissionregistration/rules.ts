import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, invalidField, notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { pathSegmentName } from '../../../machinery/object-names.ts'
import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from '../../types/admissionregistration/v1.ts'
import { checkOneOf } from '../checks.ts'
import { checkLabelSelector } from '../label-selector.ts'

/** Which requests webhooks and policies are for. After pkg/apis/admissionregistration/validation v1.36. */

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE']
const matchPolicies = ['Equivalent', 'Exact']

/** As `checkOneOf`, where nothing at all is fine. */
export function checkOptional(
  value: string | undefined,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  if (value !== undefined) checkOneOf(value, supported, path, errors)
}

export function checkMatchPolicy(value: string | undefined, path: string, errors: FieldError[]): void {
  checkOptional(value, matchPolicies, path, errors)
}

export function checkRule(rule: DeepReadonly<RuleWithOperations>, path: string, errors: FieldError[]): void {
  checkList(rule.operations, 'operations', `${path}.operations`, errors)
  rule.operations?.forEach((operation, index) => {
    checkOneOf(operation, operations, `${path}.operations[${index}]`, errors)
  })
  checkList(rule.apiGroups, 'API groups', `${path}.apiGroups`, errors)
  checkList(rule.apiVersions, 'API versions', `${path}.apiVersions`, errors)
  rule.apiVersions?.forEach((version, index) => {
    if (version === '') errors.push(requiredField(`${path}.apiVersions[${index}]`))
  })
  checkResources(rule.resources ?? [], `${path}.resources`, errors)
  checkOptional(rule.scope, ['*', 'Cluster', 'Namespaced'], `${path}.scope`, errors)
}

function checkList(values: readonly string[] = [], called: string, path: string, errors: FieldError[]): void {
  if (values.length === 0) errors.push(requiredField(path))
  if (values.length > 1 && values.includes('*')) {
    errors.push(invalidField(path, values, `if '*' is present, must not specify other ${called}`))
  }
}

function checkResources(resources: readonly string[], path: string, errors: FieldError[]): void {
  if (resources.length === 0) errors.push(requiredField(path))
  const seen = new Set<string>()
  resources.forEach((text, index) => {
    if (text === '') errors.push(requiredField(`${path}[${index}]`))
    for (const wildcard of widerWildcards(text, seen)) {
      errors.push(invalidField(`${path}[${index}]`, text, `if '${wildcard}' is present, must not specify ${text}`))
    }
    if (text.includes('/')) seen.add(text)
  })
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalidField(path, resources, "if '*/*' is present, must not specify other resources"))
  }
  // Upstream looks only at the last one that has no subresource.
  const last = resources.findLast((text) => text !== '' && !text.includes('/'))
  if (resources.includes('*') && last !== undefined && last !== '*') {
    const why = "if '*' is present, must not specify other resources without subresources"
    errors.push(invalidField(path, resources, why))
  }
}

/** The wildcards named before that cover a resource below another. */
function widerWildcards(text: string, seen: ReadonlySet<string>): string[] {
  const slash = text.indexOf('/')
  if (slash < 0) return []
  const wider = [`${text.slice(0, slash)}/*`, `*/${text.slice(slash + 1)}`]
  return wider.filter((wildcard) => seen.has(wildcard))
}

/** `matchConstraints` of a policy, `matchResources` of a binding. */
export function checkMatchResources(match: DeepReadonly<MatchResources>, path: string, errors: FieldError[]): void {
  checkMatchPolicy(match.matchPolicy, `${path}.matchPolicy`, errors)
  checkLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`, errors)
  checkLabelSelector(match.objectSelector, `${path}.objectSelector`, errors)
  match.resourceRules?.forEach((rule, index) => {
    checkNamedRule(rule, `${path}.resourceRules[${index}]`, errors)
  })
  match.excludeResourceRules?.forEach((rule, index) => {
    checkNamedRule(rule, `${path}.excludeResourceRules[${index}]`, errors)
  })
}

function checkNamedRule(rule: DeepReadonly<NamedRuleWithOperations>, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  rule.resourceNames?.forEach((name, index) => {
    const at = `${path}.resourceNames[${index}]`
    for (const why of pathSegmentName(name, false)) errors.push(invalidField(at, name, why))
    if (seen.has(name)) errors.push(duplicateField(at, name))
    seen.add(name)
  })
  checkRule(rule, path, errors)
}

/** What is deleted cannot be mutated. */
export function checkMutatingOperations(
  { resourceRules = [] }: DeepReadonly<MatchResources>,
  path: string,
  errors: FieldError[],
): void {
  for (const { operations: named = [] } of resourceRules) {
    for (const operation of named) {
      if (mutatingOperations.includes(operation)) continue
      errors.push(notSupportedField(`${path}.resourceRules.operations`, operation, mutatingOperations))
    }
  }
}
