import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from '../../types/flowcontrol/v1.ts'
import { checkLabelForm, checkSubdomain } from '../checks.ts'
import { labelFormErrors } from '../formats.ts'
import { goFlowSchemaSpec } from './go-shapes.ts'
import { mandatoryFlowSchemas } from './mandatory.ts'
import { conditionTypeErrors } from './status.ts'

/** Which requests belong together. After pkg/apis/flowcontrol/validation ValidateFlowSchema v1.36. */

const highestPrecedence = 10_000
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const namespaceRule = "each member of this list must be '*' or a DNS-1123 label; "

type Spec = DeepReadonly<FlowSchemaSpec>

export function validateFlowSchema({ metadata, spec, status }: DeepReadonly<FlowSchema>): FieldError[] {
  const errors: FieldError[] = []
  const name = metadata?.name ?? ''
  checkSpec(spec ?? ({} as Spec), name, errors)
  const fixed = mandatoryFlowSchemas.get(name)
  if (fixed && !isDeepStrictEqual(spec, fixed)) {
    errors.push(invalidField('spec', goFlowSchemaSpec(spec), `spec of '${name}' must equal the fixed value`))
  }
  return [...errors, ...conditionTypeErrors(status)]
}

export function validateFlowSchemaStatus({ status }: DeepReadonly<FlowSchema>): FieldError[] {
  return conditionTypeErrors(status)
}

function checkSpec(spec: Spec, name: string, errors: FieldError[]): void {
  checkPrecedence(spec.matchingPrecedence ?? 0, name, errors)
  const method = spec.distinguisherMethod
  const methods = ['ByNamespace', 'ByUser']
  if (method && !methods.includes(method.type)) {
    errors.push(notSupportedField('spec.distinguisherMethod.type', { Type: method.type ?? '' }, methods))
  }
  const path = 'spec.priorityLevelConfiguration.name'
  const level = spec.priorityLevelConfiguration?.name
  if (!level) errors.push(requiredField(path, 'must reference a priority level'))
  else checkSubdomain(level, path, errors)
  spec.rules?.forEach((rule, index) => {
    checkRule(rule, `spec.rules[${index}]`, errors)
  })
}

function checkPrecedence(precedence: number, name: string, errors: FieldError[]): void {
  const refuse = (why: string) => errors.push(invalidField('spec.matchingPrecedence', precedence, why))
  if (precedence <= 0) refuse('must be a positive value')
  if (precedence > highestPrecedence) refuse(`must not be greater than ${highestPrecedence}`)
  if (precedence === 1 && name !== 'exempt') refuse("only the schema named 'exempt' may have matchingPrecedence 1")
}

function checkRule(rule: DeepReadonly<PolicyRulesWithSubjects>, path: string, errors: FieldError[]): void {
  const { resourceRules = [], nonResourceRules = [] } = rule
  const subjects = rule.subjects ?? []
  if (subjects.length === 0) errors.push(requiredField(`${path}.subjects`, 'subjects must contain at least one value'))
  subjects.forEach((subject, index) => {
    checkSubject(subject, `${path}.subjects[${index}]`, errors)
  })
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(requiredField(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  }
  resourceRules.forEach((each, index) => {
    checkResourceRule(each, `${path}.resourceRules[${index}]`, errors)
  })
  nonResourceRules.forEach((each, index) => {
    checkNonResourceRule(each, `${path}.nonResourceRules[${index}]`, errors)
  })
}

/** The member that each kind of subject has, those that are forbidden beside it in upstream's order. */
const subjectMembers = {
  ServiceAccount: { own: 'serviceAccount', others: ['user', 'group'] },
  User: { own: 'user', others: ['serviceAccount', 'group'] },
  Group: { own: 'group', others: ['serviceAccount', 'user'] },
} as const

const kindOf = { serviceAccount: 'ServiceAccount', user: 'User', group: 'Group' } as const

function checkSubject(subject: DeepReadonly<Subject>, path: string, errors: FieldError[]): void {
  const members = Object.hasOwn(subjectMembers, subject.kind ?? '')
    ? subjectMembers[subject.kind as keyof typeof subjectMembers]
    : undefined
  if (!members) {
    errors.push(notSupportedField(`${path}.kind`, subject.kind ?? '', ['Group', 'ServiceAccount', 'User']))
    return
  }
  const { own, others } = members
  const value = subject[own]
  if (!value) errors.push(requiredField(`${path}.${own}`, `${own} is required when subject kind is '${kindOf[own]}'`))
  else if (own === 'serviceAccount') checkServiceAccount(subject.serviceAccount!, `${path}.${own}`, errors)
  else if (!value.name) errors.push(requiredField(`${path}.${own}.name`))
  for (const other of others) {
    if (!subject[other]) continue
    const why = `${other} is forbidden when subject kind is not '${kindOf[other]}'`
    errors.push(forbiddenField(`${path}.${other}`, why))
  }
}

function checkServiceAccount(
  { name, namespace }: DeepReadonly<ServiceAccountSubject>,
  path: string,
  errors: FieldError[],
): void {
  if (!name) errors.push(requiredField(`${path}.name`))
  else if (name !== '*') checkSubdomain(name, `${path}.name`, errors)
  if (namespace) checkLabelForm(namespace, `${path}.namespace`, errors)
  else errors.push(requiredField(`${path}.namespace`, 'must specify namespace for service account'))
}

function checkVerbs(given: readonly string[], path: string, errors: FieldError[]): void {
  if (given.length === 0) errors.push(requiredField(path, 'verbs must contain at least one value'))
  else if (given.includes('*')) checkAlone(given, 'verbs', path, errors)
  else if (!given.every((verb) => verbs.includes(verb))) errors.push(notSupportedField(path, given, verbs))
}

/** `*` has no company. */
function checkAlone(values: readonly string[], what: string, path: string, errors: FieldError[]): void {
  if (values.length <= 1 || !values.includes('*')) return
  errors.push(invalidField(path, values, `if '*' is present, must not specify other ${what}`))
}

function checkSome(values: readonly string[], what: string, path: string, errors: FieldError[]): void {
  if (values.length === 0) errors.push(requiredField(path, `resource rules must supply at least one ${what}`))
  else checkAlone(values, `${what}s`, path, errors)
}

function checkResourceRule(rule: DeepReadonly<ResourcePolicyRule>, path: string, errors: FieldError[]): void {
  checkVerbs(rule.verbs ?? [], `${path}.verbs`, errors)
  checkSome(rule.apiGroups ?? [], 'api group', `${path}.apiGroups`, errors)
  checkSome(rule.resources ?? [], 'resource', `${path}.resources`, errors)
  const namespaces = rule.namespaces ?? []
  const at = `${path}.namespaces`
  if (namespaces.length === 0 && !rule.clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace'
    errors.push(requiredField(at, why))
  } else if (namespaces.includes('*')) checkAlone(namespaces, 'namespaces', at, errors)
  else {
    namespaces.forEach((namespace, index) => {
      for (const why of labelFormErrors(namespace)) {
        errors.push(invalidField(`${at}[${index}]`, namespace, `${namespaceRule}${why}`))
      }
    })
  }
}

function checkNonResourceRule(rule: DeepReadonly<NonResourcePolicyRule>, path: string, errors: FieldError[]): void {
  checkVerbs(rule.verbs ?? [], `${path}.verbs`, errors)
  const urls = rule.nonResourceURLs ?? []
  const at = `${path}.nonResourceURLs`
  if (urls.length === 0) errors.push(requiredField(at, 'nonResourceURLs must contain at least one value'))
  else if (urls.includes('*')) checkAlone(urls, 'non-resource URLs', at, errors)
  else {
    urls.forEach((url, index) => {
      const why = urlError(url)
      if (why !== undefined) errors.push(invalidField(`${at}[${index}]`, url, why))
    })
  }
}

function urlError(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (url === '/') return undefined
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const wildcards = url.split('*').length - 1
  const isSuffix = wildcards === 0 || (wildcards === 1 && url.endsWith('/*'))
  return isSuffix ? undefined : 'wildcard can only do suffix matching'
}
