/** What `authorizer` and its functions give. After apiserver pkg/cel/library/authz.go v1.36. */

import { type CelType, receiverType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, type Failure, Opaque } from '../values.ts'

export const authorizerType = receiverType('kubernetes.authorization.Authorizer')
export const pathCheckType = receiverType('kubernetes.authorization.PathCheck')
export const groupCheckType = receiverType('kubernetes.authorization.GroupCheck')
export const resourceCheckType = receiverType('kubernetes.authorization.ResourceCheck')
export const decisionType = receiverType('kubernetes.authorization.Decision')

/** What an expression asks. Without a service account it is about the user of the request. */
export interface AuthorizationCheck {
  readonly serviceAccount?: ServiceAccountName
  readonly verb: string
  /** Of a question about no resource. */
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

export interface AuthorizationDecision {
  readonly allowed: boolean
  readonly reason: string
  /** What went wrong while deciding. */
  readonly error?: string
}

/** Answers for one request. A promise where somebody else has to be asked; never rejects. */
export type AskAuthorizer = (check: AuthorizationCheck) => AuthorizationDecision | Promise<AuthorizationDecision>

/** Thrown out of a run that has to wait for a decision; the run begins again when it is there. */
export class PendingDecision extends Error {
  readonly decision: Promise<void>

  constructor(decision: Promise<void>) {
    super('waiting for a decision of the authorizer')
    this.decision = decision
  }
}

abstract class Check extends Opaque {
  /** Two are the same only if they are one. */
  equals(other: CelValue): boolean | Failure {
    return other instanceof Check ? this === other : noSuchOverload
  }

  toString(): string {
    return this.type.name
  }
}

/** Remembers its decisions, so that a run that begins again gets the same ones. */
export class AuthorizerValue extends Check {
  readonly type: CelType = authorizerType
  readonly #ask: AskAuthorizer
  readonly #serviceAccount: ServiceAccountName | undefined
  readonly #decisions: Map<string, AuthorizationDecision>

  constructor(
    ask: AskAuthorizer,
    serviceAccount?: ServiceAccountName,
    decisions = new Map<string, AuthorizationDecision>(),
  ) {
    super()
    this.#ask = ask
    this.#serviceAccount = serviceAccount
    this.#decisions = decisions
  }

  as(serviceAccount: ServiceAccountName): AuthorizerValue {
    return new AuthorizerValue(this.#ask, serviceAccount, this.#decisions)
  }

  /** What `authorizer.requestResource` is: the resource of the request, to be asked about with `check`. */
  resourceCheck(resource: ResourceParts): ResourceCheckValue {
    return new ResourceCheckValue(this, resource)
  }

  /** Throws PendingDecision. */
  decide(check: AuthorizationCheck): DecisionValue {
    const asked = this.#serviceAccount === undefined ? check : { ...check, serviceAccount: this.#serviceAccount }
    const key = JSON.stringify(asked)
    const decision = this.#decisions.get(key) ?? this.#ask(asked)
    if (!(decision instanceof Promise)) {
      this.#decisions.set(key, decision)
      return new DecisionValue(decision)
    }
    throw new PendingDecision(
      decision.then((arrived) => {
        this.#decisions.set(key, arrived)
      }),
    )
  }
}

export class PathCheckValue extends Check {
  readonly type: CelType = pathCheckType
  readonly #authorizer: AuthorizerValue
  readonly #path: string

  constructor(authorizer: AuthorizerValue, path: string) {
    super()
    this.#authorizer = authorizer
    this.#path = path
  }

  check(verb: string): CelValue {
    return this.#authorizer.decide({ verb, path: this.#path })
  }
}

export class GroupCheckValue extends Check {
  readonly type: CelType = groupCheckType
  readonly authorizer: AuthorizerValue
  readonly group: string

  constructor(authorizer: AuthorizerValue, group: string) {
    super()
    this.authorizer = authorizer
    this.group = group
  }
}

export type ResourceParts = Omit<AuthorizationCheck, 'verb' | 'path' | 'serviceAccount'>

export class ResourceCheckValue extends Check {
  readonly type: CelType = resourceCheckType
  readonly #authorizer: AuthorizerValue
  readonly #parts: ResourceParts

  constructor(authorizer: AuthorizerValue, parts: ResourceParts) {
    super()
    this.#authorizer = authorizer
    this.#parts = parts
  }

  with(parts: Partial<ResourceParts>): ResourceCheckValue {
    return new ResourceCheckValue(this.#authorizer, { ...this.#parts, ...parts })
  }

  check(verb: string): CelValue {
    return this.#authorizer.decide({ ...this.#parts, verb })
  }
}

export class DecisionValue extends Check {
  readonly type: CelType = decisionType
  readonly decision: AuthorizationDecision

  constructor(decision: AuthorizationDecision) {
    super()
    this.decision = decision
  }
}
