import type { AuthorizationAttributes, Rule } from './authorizer.ts'

const all = '*'

/** Whether a rule grants what is asked for. After kubernetes plugin/pkg/auth/authorizer/rbac RuleAllows v1.36. */
export function ruleAllows(rule: Rule, attributes: AuthorizationAttributes): boolean {
  if (!hasOrAll(rule.verbs, attributes.verb)) return false
  if (!attributes.isResourceRequest) return matchesPath(rule.nonResourceURLs, attributes.path)
  return (
    hasOrAll(rule.apiGroups, attributes.group) &&
    matchesResource(rule.resources, attributes.resource, attributes.subresource) &&
    matchesName(rule.resourceNames, attributes.name)
  )
}

function hasOrAll(values: readonly string[] | undefined, wanted: string): boolean {
  return values?.some((value) => value === all || value === wanted) ?? false
}

function matchesResource(values: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (!values) return false
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  return values.some(
    (value) => value === all || value === combined || (subresource !== '' && value === `*/${subresource}`),
  )
}

function matchesName(names: readonly string[] | undefined, name: string): boolean {
  return !names || names.length === 0 || names.includes(name)
}

function matchesPath(patterns: readonly string[] | undefined, path: string): boolean {
  return patterns?.some((pattern) => pathCovers(pattern, path)) ?? false
}

function pathCovers(pattern: string, path: string): boolean {
  if (pattern === all || pattern === path) return true
  return pattern.endsWith(all) && path.startsWith(pattern.replace(/\*+$/, ''))
}

/** The parts of `wanted` that `owned` does not cover, each a rule with one verb on one thing. Empty: all covered. */
export function uncovered(owned: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => covers(rule, part)))
}

/** A rule as the rules it means: one verb, group, resource and name each. After component-helpers rbac BreakdownRule. */
function breakDown(rule: Rule): Rule[] {
  const parts: Rule[] = []
  for (const apiGroup of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { apiGroups: [apiGroup], resources: [resource], verbs: [verb] }
        if (!rule.resourceNames?.length) parts.push(part)
        else for (const name of rule.resourceNames) parts.push({ ...part, resourceNames: [name] })
      }
    }
  }
  for (const path of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) parts.push({ nonResourceURLs: [path], verbs: [verb] })
  }
  return parts
}

/** `part` comes from `breakDown`. After component-helpers auth/rbac/validation ruleCovers v1.36. */
function covers(owned: Rule, part: Rule): boolean {
  if (!hasOrAll(owned.verbs, part.verbs[0]!)) return false
  const path = part.nonResourceURLs?.[0]
  if (path !== undefined) return owned.nonResourceURLs?.some((pattern) => pathCovers(pattern, path)) ?? false
  if (!hasOrAll(owned.apiGroups, part.apiGroups![0]!)) return false
  const [resource = '', subresource = ''] = part.resources![0]!.split('/')
  if (!matchesResource(owned.resources, resource, subresource)) return false
  const name = part.resourceNames?.[0]
  if (!owned.resourceNames?.length) return true
  return name !== undefined && owned.resourceNames.includes(name)
}

/** Rules on the same thing made one, with all their verbs. After pkg/registry/rbac/validation CompactRules v1.36. */
export function compactRules(rules: readonly Rule[]): Rule[] {
  const compact: Rule[] = []
  const simple = new Map<string, { rule: Rule; verbs: string[] }>()
  for (const rule of rules) {
    if (rule.nonResourceURLs?.length) {
      compact.push(rule)
      continue
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames])
    const known = simple.get(key)
    if (known) known.verbs.push(...rule.verbs)
    else simple.set(key, { rule, verbs: [...rule.verbs] })
  }
  for (const { rule, verbs } of simple.values()) compact.push({ ...rule, verbs: [...new Set(verbs)] })
  return compact
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`, as upstream's texts show a rule. */
export function describeRule(rule: Rule): string {
  const parts: string[] = []
  const add = (label: string, values: readonly string[] | undefined) => {
    if (values?.length) parts.push(`${label}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`)
  }
  add('APIGroups', rule.apiGroups)
  add('Resources', rule.resources)
  add('NonResourceURLs', rule.nonResourceURLs)
  add('ResourceNames', rule.resourceNames)
  add('Verbs', rule.verbs)
  return `{${parts.join(', ')}}`
}
