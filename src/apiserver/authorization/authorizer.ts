import type { PolicyRule } from '../../api/types/rbac/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { UserInfo } from '../request.ts'

/** What somebody wants to do. After apiserver authorization/authorizer Attributes v1.36. */
export interface AuthorizationAttributes {
  readonly user: UserInfo
  readonly verb: string
  readonly isResourceRequest: boolean
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  readonly namespace: string
  /** Of requests for no resource. */
  readonly path: string
  /** As the client sent it; only lists, watches and deletions of collections have one. */
  readonly fieldSelector?: string
}

/** `reason` explains an answer to people; it may be empty. Not allowed is no opinion: the next authorizer is asked. */
export interface Decision {
  readonly allowed: boolean
  readonly reason: string
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision
}

/** Knows the rules that apply to a user, for reviews of one's own rights and for checks against escalation. */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): ResolvedRules
}

export interface ResolvedRules {
  readonly rules: readonly Rule[]
  /** Roles that bindings name and that are not there. */
  readonly errors: readonly string[]
}

export type Rule = DeepReadonly<PolicyRule>

export const noOpinion: Decision = Object.freeze({ allowed: false, reason: '' })
export const allow: Decision = Object.freeze({ allowed: true, reason: '' })

/** No opinion, and why. */
export function because(reason: string): Decision {
  return { allowed: false, reason }
}

/** The first that allows decides; otherwise all their reasons, a line each. */
export function authorizerUnion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      let reasons: string[] | undefined
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed) return decision
        if (decision.reason !== '') {
          reasons ??= []
          reasons.push(decision.reason)
        }
      }
      return reasons ? because(reasons.join('\n')) : noOpinion
    },
  }
}

/** Members of `group` may do everything: `system:masters`. */
export function privilegedGroup(group: string): Authorizer {
  return { authorize: ({ user }) => (user.groups.includes(group) ? allow : noOpinion) }
}

/** Everybody may GET these paths. After --authorization-always-allow-paths. */
export function alwaysAllowedPaths(paths: readonly string[]): Authorizer {
  const exact = new Set(paths)
  return {
    authorize: (attributes) => (!attributes.isResourceRequest && exact.has(attributes.path) ? allow : noOpinion),
  }
}
