import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text, wide } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { ClusterRoleBinding, RoleBinding } from '../types/rbac/v1.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../types/resources.ts'
import * as rules from '../validation/rbac.ts'

const group = 'rbac.authorization.k8s.io'

const metadataChecksOnUpdate = ['whole', 'own', 'change'] as const

function applyDefaults(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= group
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group
  }
}

function subjects(binding: DeepReadonly<RoleBinding>, kind: string): string {
  return (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ')
}

const bindingColumns: readonly Column<RoleBinding>[] = [
  nameColumn,
  text('Role', ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`),
  ageColumn,
  wide('Users', (object) => subjects(object, 'User')),
  wide('Groups', (object) => subjects(object, 'Group')),
  wide('ServiceAccounts', (object) => subjects(object, 'ServiceAccount')),
]

export const role = define(roles, {
  validate: rules.validateRole,
  validateUpdate: rules.validateRole,
  validateName: pathSegmentName,
  metadataChecksOnUpdate,
  allowCreateOnUpdate: true,
})
export const clusterRole = define(clusterRoles, {
  validate: (object) => rules.validateClusterRole(object),
  validateUpdate: rules.validateClusterRole,
  validateName: pathSegmentName,
  metadataChecksOnUpdate,
  allowCreateOnUpdate: true,
})
export const roleBinding = define(roleBindings, {
  validate: rules.validateRoleBinding,
  validateUpdate: rules.validateRoleBindingUpdate,
  applyDefaults,
  validateName: pathSegmentName,
  metadataChecksOnUpdate,
  allowCreateOnUpdate: true,
  columns: bindingColumns,
})
export const clusterRoleBinding = define(clusterRoleBindings, {
  validate: rules.validateClusterRoleBinding,
  validateUpdate: rules.validateClusterRoleBindingUpdate,
  applyDefaults,
  validateName: pathSegmentName,
  metadataChecksOnUpdate,
  allowCreateOnUpdate: true,
  columns: bindingColumns,
})
