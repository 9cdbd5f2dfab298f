import type { ClusterRoleBinding, RoleBinding, RoleRef, Subject } from '../../api/types/rbac/v1.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/types/resources.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { UserInfo } from '../request.ts'
import {
  type AuthorizationAttributes,
  because,
  type Decision,
  type LocalAuthorizer,
  noOpinion,
  type ResolvedRules,
  type Rule,
  type RuleResolver,
} from './authorizer.ts'
import { BindingIndex } from './binding-index.ts'
import { ruleAllows } from './rules.ts'

type AnyBinding = Held<ClusterRoleBinding> | Held<RoleBinding>
type RoleReference = DeepReadonly<RoleRef>

export interface RbacAuthorizer extends LocalAuthorizer, RuleResolver {
  /** The rules of the role a binding in `namespace` names; a sentence where there is no such role. */
  rulesOfRole(reference: RoleReference, namespace: string): readonly Rule[] | { readonly error: string }
}

/** Called for each rule that applies; returns false to stop. */
type Visit = (rule: Rule, binding: AnyBinding, subject: DeepReadonly<Subject>) => boolean

/**
 * Role-based access control over indexes of the bindings by subject, so that a decision looks only at what names the
 * user or one of its groups. After kubernetes plugin/pkg/auth/authorizer/rbac v1.36.
 */
export function rbacAuthorizer(reader: ObjectReader): RbacAuthorizer {
  const clusterWide = new BindingIndex<ClusterRoleBinding>(reader, clusterRoleBindings)
  const namespaced = new BindingIndex<RoleBinding>(reader, roleBindings)

  const rulesOfRole = (reference: RoleReference, namespace: string): readonly Rule[] | { readonly error: string } => {
    const { kind, name } = reference
    if (kind === 'ClusterRole') return reader.get(clusterRoles, name)?.rules ?? missing(reader, reference)
    if (kind !== 'Role') return { error: `unsupported role reference kind: ${JSON.stringify(kind)}` }
    const role = reader.get(roles, name, namespace)
    return role ? (role.rules ?? []) : { error: `role.rbac.authorization.k8s.io ${JSON.stringify(name)} not found` }
  }

  const visit = (user: UserInfo, namespace: string, visitor: Visit): string[] => {
    const errors: string[] = []
    const visitBinding = (binding: AnyBinding, subject: DeepReadonly<Subject>, scope: string): boolean => {
      const found = rulesOfRole(binding.roleRef, scope)
      if ('error' in found) {
        errors.push(found.error)
        return true
      }
      return found.every((rule) => visitor(rule, binding, subject))
    }
    if (clusterWide.visit(user, '', (binding, subject) => visitBinding(binding, subject, '')) && namespace !== '') {
      namespaced.visit(user, namespace, (binding, subject) => visitBinding(binding, subject, namespace))
    }
    return errors
  }

  return {
    rulesOfRole,
    authorize: (attributes) => decide(attributes, visit),
    rulesFor(user, namespace): ResolvedRules {
      const rules: Rule[] = []
      const errors = visit(user, namespace, (rule) => rules.push(rule) > 0)
      return { rules, errors }
    },
  }
}

/** A ClusterRole that is there and has no rules, as aggregated ones at first, is not missing. */
function missing(reader: ObjectReader, { name }: RoleReference): readonly Rule[] | { readonly error: string } {
  if (reader.get(clusterRoles, name)) return []
  return { error: `clusterrole.rbac.authorization.k8s.io ${JSON.stringify(name)} not found` }
}

function decide(
  attributes: AuthorizationAttributes,
  visit: (user: UserInfo, namespace: string, visitor: Visit) => string[],
): Decision {
  let allowed: Decision | undefined
  const errors = visit(attributes.user, attributes.namespace, (rule, binding, subject) => {
    if (!ruleAllows(rule, attributes)) return true
    allowed = new RbacAllowed(binding, subject)
    return false
  })
  if (allowed) return allowed
  if (errors.length === 0) return noOpinion
  return because(`RBAC: ${aggregateMessage(errors)}`)
}

/** Words its reason only when somebody reads it: most are never read. */
class RbacAllowed implements Decision {
  readonly allowed = true
  readonly #binding: AnyBinding
  readonly #subject: DeepReadonly<Subject>

  constructor(binding: AnyBinding, subject: DeepReadonly<Subject>) {
    this.#binding = binding
    this.#subject = subject
  }

  get reason(): string {
    const { metadata, roleRef } = this.#binding
    const kind = metadata.namespace ? 'RoleBinding' : 'ClusterRoleBinding'
    const name = metadata.namespace ? `${metadata.name}/${metadata.namespace}` : metadata.name
    return `RBAC: allowed by ${kind} ${quote(name)} of ${roleRef.kind} ${quote(roleRef.name)} to ${describe(this.#subject)}`
  }
}

function describe({ kind, name, namespace }: DeepReadonly<Subject>): string {
  return kind === 'ServiceAccount' ? `${kind} ${quote(`${name}/${namespace ?? ''}`)}` : `${kind} ${quote(name)}`
}

function quote(text: string): string {
  return JSON.stringify(text)
}
