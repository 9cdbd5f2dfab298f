import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../api/types/rbac/v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission.ts'
import { mastersGroup } from '../authentication/authenticator.ts'
import type { AuthorizationAttributes, Authorizer, Rule } from './authorizer.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { compactRules, describeRule, uncovered } from './rules.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

type AnyRole = Role & ClusterRole
type AnyBinding = RoleBinding & ClusterRoleBinding

/**
 * Nobody grants rights they do not hold: by writing a role, unless they may `escalate`, nor by binding one, unless
 * they may `bind`. Runs before validation, as upstream's storage does it.
 * After kubernetes pkg/registry/rbac/{role,rolebinding}/policybased v1.36.
 */
export function roleEscalationCheck(authorizer: Authorizer, rbac: RbacAuthorizer): AdmissionPlugin {
  return {
    name: 'RoleEscalationCheck',
    handles: ['CREATE', 'UPDATE'],
    async mutate(attributes) {
      const { definition, subresource, user, object, oldObject } = attributes
      if (definition.group !== rbacGroup || subresource !== '' || !object) return
      if (user.groups.includes(mastersGroup)) return
      if (oldObject && changesOnlyOwnership(object, oldObject)) return
      const isRole = definition.plural === 'roles' || definition.plural === 'clusterroles'
      if (isRole) await checkRole(attributes, authorizer, rbac)
      else await checkBinding(attributes, authorizer, rbac)
    },
  }
}

async function checkRole(attributes: AdmissionAttributes, authorizer: Authorizer, rbac: RbacAuthorizer): Promise<void> {
  const { definition, name, namespace, user } = attributes
  const role = attributes.object as AnyRole
  const old = attributes.oldObject as DeepReadonly<AnyRole> | undefined
  if (old && equal(role.rules, old.rules) && equal(role.aggregationRule, old.aggregationRule)) return
  const escalate: AuthorizationAttributes = {
    ...resourceAttributes(attributes, 'escalate'),
    resource: definition.plural,
    name: old ? name : '',
    namespace,
  }
  if ((await authorizer.authorize(escalate)).allowed) return
  refuseEscalation(attributes, rbac.rulesFor(user, namespace).rules, role.rules ?? [])
  // An aggregated role will come to hold whatever its selectors find: only who holds everything may write one.
  if (role.aggregationRule?.clusterRoleSelectors?.length && !equal(role.aggregationRule, old?.aggregationRule)) {
    refuseEscalation(
      attributes,
      rbac.rulesFor(user, '').rules,
      everything,
      'must have cluster-admin privileges to use an aggregationRule',
    )
  }
}

const everything: readonly Rule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

async function checkBinding(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  rbac: RbacAuthorizer,
): Promise<void> {
  const { roleRef } = attributes.object as AnyBinding
  const bind: AuthorizationAttributes = {
    ...resourceAttributes(attributes, 'bind'),
    group: roleRef.apiGroup ?? rbacGroup,
    resource: roleRef.kind === 'Role' ? 'roles' : 'clusterroles',
    name: roleRef.name,
    namespace: attributes.namespace,
  }
  if ((await authorizer.authorize(bind)).allowed) return
  const wanted = rbac.rulesOfRole(roleRef, attributes.namespace)
  if ('error' in wanted) throw forbiddenWrite(attributes, wanted.error)
  refuseEscalation(attributes, rbac.rulesFor(attributes.user, attributes.namespace).rules, wanted)
}

function refuseEscalation(
  attributes: AdmissionAttributes,
  owned: readonly Rule[],
  wanted: readonly Rule[],
  preface?: string,
): void {
  const missing = uncovered(owned, wanted)
  if (missing.length === 0) return
  const lines = [...new Set(compactRules(missing).map(describeRule))].sort()
  const { name, groups } = attributes.user
  const who = `user ${JSON.stringify(name)} (groups=[${groups.map((group) => JSON.stringify(group)).join(' ')}])`
  const text = `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}`
  throw forbiddenWrite(attributes, preface ? `${preface}: ${text}` : text)
}

function forbiddenWrite({ definition, name }: AdmissionAttributes, why: string): Error {
  return forbidden({ group: definition.group, resource: definition.plural }, name, why)
}

function resourceAttributes({ user }: AdmissionAttributes, verb: string): AuthorizationAttributes {
  return {
    user,
    verb,
    isResourceRequest: true,
    group: rbacGroup,
    version: '*',
    resource: '',
    subresource: '',
    name: '',
    namespace: '',
    path: '',
  }
}

/** The garbage collector must be able to let go of an object whatever it grants. */
export function changesOnlyOwnership(object: KubeObject, old: DeepReadonly<KubeObject>): boolean {
  return equal(withoutOwnership(object), withoutOwnership(old))
}

function withoutOwnership(object: DeepReadonly<KubeObject>): object {
  const {
    finalizers: _finalizers,
    ownerReferences: _owners,
    managedFields: _fields,
    ...metadata
  } = (object.metadata ?? {}) as DeepReadonly<ObjectMeta>
  return { ...object, metadata }
}

function equal(left: unknown, right: unknown): boolean {
  return JSON.stringify(left ?? null) === JSON.stringify(right ?? null)
}
