import { parse } from 'yaml'
import type { RequestInfo, UserInfo } from '../request.ts'
import { type AuditLevel, type AuditStage, levels, stages } from './audit-event.ts'

/** An audit.k8s.io/v1 Policy: the first rule that matches a request says what is noted of it. */
export interface AuditPolicy {
  readonly rules: readonly PolicyRule[]
  readonly omitStages?: readonly AuditStage[]
  readonly omitManagedFields?: boolean
}

interface PolicyRule {
  readonly level: AuditLevel
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly GroupResources[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly AuditStage[]
  readonly omitManagedFields?: boolean
}

interface GroupResources {
  readonly group?: string
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** What is noted of one request. */
export interface AuditConfig {
  readonly level: AuditLevel
  readonly omitStages: ReadonlySet<AuditStage>
  readonly omitManagedFields: boolean
}

const policyVersion = 'audit.k8s.io/v1'

/** Reads the text of a policy file, YAML or JSON. Throws an Error with upstream's words for what it refuses. */
export function readAuditPolicy(text: string): AuditPolicy {
  const value = parse(text) as (AuditPolicy & { apiVersion?: string; kind?: string }) | null
  if (typeof value !== 'object' || value === null) throw new Error('failed decoding: the audit policy is no object')
  if (value.apiVersion !== policyVersion || value.kind !== 'Policy') {
    throw new Error(`unknown group version field ${value.apiVersion ?? ''}, Kind=${value.kind ?? ''} in policy`)
  }
  const rules = value.rules ?? []
  const errors = [...stageErrors(value.omitStages, 'omitStages'), ...rules.flatMap(ruleErrors)]
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`)
  if (rules.length === 0) throw new Error('loaded illegal policy with 0 rules')
  return value
}

/** After apis/audit/validation/validation.go v1.36. */
function ruleErrors(rule: PolicyRule, index: number): string[] {
  const path = `rules[${index}]`
  const { nonResourceURLs: urls = [], resources = [], namespaces = [] } = rule
  const errors = [
    ...levelErrors(rule.level, `${path}.level`),
    ...urls.flatMap((url, at) => urlErrors(url, `${path}.nonResourceURLs[${at}]`)),
    ...resources.flatMap((group) => resourceErrors(group, `${path}.resources`)),
    ...stageErrors(rule.omitStages, `${path}.omitStages`),
  ]
  if (urls.length === 0 || (resources.length === 0 && namespaces.length === 0)) return errors
  const both = 'rules cannot apply to both regular resources and non-resource URLs'
  return [...errors, `${path}.nonResourceURLs: Invalid value: ${JSON.stringify(urls)}: ${both}`]
}

function levelErrors(level: string | undefined, path: string): string[] {
  if (!level) return [`${path}: Required value`]
  if (levels.some((known) => known === level)) return []
  const supported = [...levels].sort().map((known) => JSON.stringify(known))
  return [`${path}: Unsupported value: ${JSON.stringify(level)}: supported values: ${supported.join(', ')}`]
}

function urlErrors(url: string, path: string): string[] {
  if (url === '*') return []
  const what = `${path}: Invalid value: ${JSON.stringify(url)}: non-resource URL`
  return [
    ...(url.startsWith('/') ? [] : [`${what} rules must begin with a '/' character`]),
    ...(url.slice(0, -1).includes('*') ? [`${what} wildcards '*' must be the final character of the rule`] : []),
  ]
}

function resourceErrors({ resources = [], resourceNames = [] }: GroupResources, path: string): string[] {
  if (resourceNames.length === 0 || resources.length > 0) return []
  const names = JSON.stringify(resourceNames)
  return [`${path}.resourceNames: Invalid value: ${names}: using resourceNames requires at least one resource`]
}

function stageErrors(given: readonly string[] = [], path: string): string[] {
  return given.flatMap((stage, index) =>
    stages.some((known) => known === stage)
      ? []
      : [`${path}[${index}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${stages.join(',')}`],
  )
}

/** What the policy wants noted of requests. After audit/policy/checker.go v1.36. */
export function policyEvaluator(policy: AuditPolicy): (info: RequestInfo, user: UserInfo) => AuditConfig {
  const { omitStages = [], omitManagedFields = false } = policy
  const rules = policy.rules.map((rule) => ({
    rule,
    config: {
      level: rule.level,
      omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
    },
  }))
  const nothing: AuditConfig = { level: 'None', omitStages: new Set(omitStages), omitManagedFields }
  return (info, user) => rules.find(({ rule }) => matches(rule, info, user))?.config ?? nothing
}

function matches(rule: PolicyRule, info: RequestInfo, user: UserInfo): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule
  if (users.length > 0 && !users.includes(user.name)) return false
  if (userGroups.length > 0 && !user.groups.some((group) => userGroups.includes(group))) return false
  if (verbs.length > 0 && !verbs.includes(info.verb)) return false
  if (namespaces.length > 0 || resources.length > 0) return matchesResource(namespaces, resources, info)
  if (nonResourceURLs.length === 0) return true
  return !info.isResourceRequest && nonResourceURLs.some((url) => matchesPath(info.path, url))
}

function matchesPath(path: string, url: string): boolean {
  if (url === '*' || url === path) return true
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))
}

function matchesResource(namespaces: readonly string[], groups: readonly GroupResources[], info: RequestInfo): boolean {
  if (!info.isResourceRequest) return false
  if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false
  return groups.length === 0 || groups.some((group) => matchesGroup(group, info))
}

function matchesGroup({ group = '', resources = [], resourceNames = [] }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group && group !== '*') return false
  if (resources.length === 0) return true
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false
  const { resource, subresource } = info
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  return resources.some(
    (each) =>
      each === '*' ||
      each === combined ||
      (subresource !== '' && each === `*/${subresource}`) ||
      each === `${resource}/*`,
  )
}
