import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from '../types/rbac/v1.ts'
import { checkSubdomain } from './checks.ts'
import { checkLabelSelector, isInvalidSelector } from './label-selector.ts'

/** Roles and bindings. After pkg/apis/rbac/validation. */

const group = 'rbac.authorization.k8s.io'

function checkRule(rule: DeepReadonly<PolicyRule>, isNamespaced: boolean, path: string, errors: FieldError[]): void {
  if (!rule.verbs?.length) errors.push(requiredField(`${path}.verbs`, 'verbs must contain at least one value'))
  if (rule.nonResourceURLs?.length) {
    const at = `${path}.nonResourceURLs`
    if (isNamespaced) {
      errors.push(invalidField(at, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
    }
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs'
      errors.push(invalidField(at, rule.nonResourceURLs, why))
    }
    return
  }
  if (!rule.apiGroups?.length) {
    errors.push(requiredField(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  if (!rule.resources?.length) {
    errors.push(requiredField(`${path}.resources`, 'resource rules must supply at least one resource'))
  }
}

export function validateRole({ rules }: DeepReadonly<Role>): FieldError[] {
  const errors: FieldError[] = []
  rules?.forEach((rule, index) => {
    checkRule(rule, true, `rules[${index}]`, errors)
  })
  return errors
}

/** Selectors that had wrong values before may have them still; that they select nothing is said all the same. */
export function validateClusterRole(
  { rules, aggregationRule }: DeepReadonly<ClusterRole>,
  old?: DeepReadonly<ClusterRole>,
): FieldError[] {
  const errors: FieldError[] = []
  rules?.forEach((rule, index) => {
    checkRule(rule, false, `rules[${index}]`, errors)
  })
  if (!aggregationRule) return errors
  const selectors = aggregationRule.clusterRoleSelectors ?? []
  const path = 'aggregationRule.clusterRoleSelectors'
  if (selectors.length === 0)
    errors.push(requiredField(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  const allowInvalidValues = old?.aggregationRule?.clusterRoleSelectors?.some(isInvalidSelector) ?? false
  selectors.forEach((selector, index) => {
    checkLabelSelector(selector, `${path}[${index}]`, errors, { allowInvalidValues })
    if (isInvalidSelector(selector)) errors.push(invalidField(`${path}[${index}]`, null, 'invalid label selector.'))
  })
  return errors
}

function checkSubject(subject: DeepReadonly<Subject>, isNamespaced: boolean, path: string, errors: FieldError[]): void {
  const { kind = '', name = '', namespace = '', apiGroup = '' } = subject as Partial<typeof subject>
  if (name === '') errors.push(requiredField(`${path}.name`))
  if (kind === 'ServiceAccount') {
    if (name !== '') checkSubdomain(name, `${path}.name`, errors)
    if (apiGroup !== '') errors.push(notSupportedField(`${path}.apiGroup`, apiGroup, ['']))
    if (!isNamespaced && namespace === '') errors.push(requiredField(`${path}.namespace`))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== group) errors.push(notSupportedField(`${path}.apiGroup`, apiGroup, [group]))
  } else errors.push(notSupportedField(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']))
}

function validateBinding({ roleRef, subjects }: DeepReadonly<RoleBinding>, isNamespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { apiGroup = '', kind = '', name = '' } = (roleRef ?? {}) as Partial<NonNullable<typeof roleRef>>
  if (apiGroup !== group) errors.push(notSupportedField('roleRef.apiGroup', apiGroup, [group]))
  const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  if (!kinds.includes(kind)) errors.push(notSupportedField('roleRef.kind', kind, kinds))
  if (name === '') errors.push(requiredField('roleRef.name'))
  else for (const why of pathSegmentName(name, false)) errors.push(invalidField('roleRef.name', name, why))
  subjects?.forEach((subject, index) => {
    checkSubject(subject, isNamespaced, `subjects[${index}]`, errors)
  })
  return errors
}

export const validateRoleBinding = (object: DeepReadonly<RoleBinding>) => validateBinding(object, true)
export const validateClusterRoleBinding = (object: DeepReadonly<RoleBinding>) => validateBinding(object, false)

type Binding = DeepReadonly<RoleBinding>

/** A binding is to one role for ever: who may bind depends on it. */
function withSameRole(validate: (object: Binding) => FieldError[]): (object: Binding, old: Binding) => FieldError[] {
  return (object, old) => {
    const errors = validate(object)
    if (!isDeepStrictEqual(object.roleRef, old.roleRef)) {
      const { apiGroup = '', kind = '', name = '' } = (object.roleRef ?? {}) as Partial<RoleBinding['roleRef']>
      const shown = { APIGroup: apiGroup, Kind: kind, Name: name }
      errors.push(invalidField('roleRef', shown, 'cannot change roleRef'))
    }
    return errors
  }
}

export const validateRoleBindingUpdate = withSameRole(validateRoleBinding)
export const validateClusterRoleBindingUpdate = withSameRole(validateClusterRoleBinding)
