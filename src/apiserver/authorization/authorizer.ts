import type { PolicyRule } from '../../api/types/rbac/v1.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
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
  /** As the client sent them; only lists, watches and deletions of collections have any. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

/**
 * `reason` explains an answer to people; it may be empty. Not allowed and not denied is no opinion: the next authorizer
 * is asked.
 */
export interface Decision {
  readonly allowed: boolean
  /** Refused for good: no other authorizer is asked. */
  readonly denied?: boolean
  readonly reason: string
  /** What went wrong while deciding; the decision stands all the same. */
  readonly error?: string
}

export interface Authorizer {
  /** At once where the answer is known here; a promise where somebody else has to be asked. Never rejects. */
  authorize(attributes: AuthorizationAttributes): Decision | Promise<Decision>
}

/** One that knows all it needs. */
export interface LocalAuthorizer extends Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision
}

/** Knows the rules that apply to a user, for reviews of one's own rights and for checks against escalation. */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): ResolvedRules
}

export interface ResolvedRules {
  readonly rules: readonly Rule[]
  /** Why there may be more rules than these, such as a binding whose role is not there. */
  readonly errors: readonly string[]
}

export type Rule = DeepReadonly<PolicyRule>

export const noOpinion: Decision = Object.freeze({ allowed: false, reason: '' })
export const allow: Decision = Object.freeze({ allowed: true, reason: '' })

/** No opinion, and why. */
export function because(reason: string): Decision {
  return { allowed: false, reason }
}

/**
 * The first that allows or denies decides; otherwise all their reasons, a line each. Waits only for those that have to.
 * After apiserver authorization/union v1.36.
 */
export function authorizerUnion(authorizers: readonly Authorizer[]): Authorizer {
  return { authorize: (attributes) => askFrom(authorizers, 0, attributes, []) }
}

function askFrom(
  authorizers: readonly Authorizer[],
  first: number,
  attributes: AuthorizationAttributes,
  undecided: Decision[],
): Decision | Promise<Decision> {
  for (let index = first; index < authorizers.length; index++) {
    const decision = authorizers[index]!.authorize(attributes)
    if (decision instanceof Promise) {
      return decision.then((made) => {
        if (isFinal(made)) return made
        return askFrom(authorizers, index + 1, attributes, [...undecided, made])
      })
    }
    if (isFinal(decision)) return decision
    if (decision.reason !== '' || decision.error !== undefined) undecided.push(decision)
  }
  return undecided.length === 0 ? noOpinion : joined(undecided)
}

function isFinal({ allowed, denied }: Decision): boolean {
  return allowed || denied === true
}

function joined(decisions: readonly Decision[]): Decision {
  const reasons = decisions.map(({ reason }) => reason).filter((reason) => reason !== '')
  const errors = decisions.map(({ error }) => error).filter((error) => error !== undefined)
  return { allowed: false, reason: reasons.join('\n'), ...(errors.length > 0 && { error: aggregateMessage(errors) }) }
}

/** All rules that any of them knows. */
export function ruleResolverUnion(resolvers: readonly RuleResolver[]): RuleResolver {
  return {
    rulesFor(user, namespace) {
      const resolved = resolvers.map((resolver) => resolver.rulesFor(user, namespace))
      return { rules: resolved.flatMap(({ rules }) => rules), errors: resolved.flatMap(({ errors }) => errors) }
    },
  }
}

/** Members of `group` may do everything: `system:masters`. */
export function privilegedGroup(group: string): LocalAuthorizer {
  return { authorize: ({ user }) => (user.groups.includes(group) ? allow : noOpinion) }
}

/** Everybody may GET these paths. After --authorization-always-allow-paths. */
export function alwaysAllowedPaths(paths: readonly string[]): LocalAuthorizer {
  const exact = new Set(paths)
  return {
    authorize: (attributes) => (!attributes.isResourceRequest && exact.has(attributes.path) ? allow : noOpinion),
  }
}
