import type { ResourceRef } from '../../../api/resource-ref.ts'
import type { Namespace } from '../../../api/types/core/v1.ts'
import { namespaces } from '../../../api/types/resources.ts'
import { notFound } from '../../../machinery/errors.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import { StatusError } from '../../../machinery/status.ts'
import type { Held, ObjectReader } from '../../object-reader.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { type MatchServices, matchRequest, type RequestMatch } from '../webhook/match-request.ts'
import { isNamespaces, requestNamespace } from '../webhook/request-kind.ts'
import { ConfigurationError, collectParams, paramResource } from './params.ts'
import type { AnyBinding, AnyPolicy, BoundPolicy, PolicyBinding } from './policies.ts'

/** A policy that a request concerns, by one of its bindings. */
export type AppliedPolicy<P extends AnyPolicy, B extends AnyBinding, E> =
  | {
      readonly bound: BoundPolicy<P, B, E>
      readonly binding: Held<B>
      readonly match: RequestMatch
      readonly params: readonly (Held<KubeObject> | undefined)[]
    }
  | {
      readonly bound: BoundPolicy<P, B, E>
      /** Undefined: the policy itself is wrong. */
      readonly binding: Held<B> | undefined
      readonly misconfigured: string
    }

/** What of the bound policies a request concerns, in their order. After policy/generic/policy_dispatcher.go v1.36. */
export async function appliedPolicies<P extends AnyPolicy, B extends AnyBinding, E>(
  policies: readonly BoundPolicy<P, B, E>[],
  attributes: AdmissionAttributes,
  services: MatchServices,
): Promise<AppliedPolicy<P, B, E>[]> {
  const applied = await Promise.all(policies.map((bound) => applyPolicy(bound, attributes, services)))
  return applied.flat()
}

async function applyPolicy<P extends AnyPolicy, B extends AnyBinding, E>(
  bound: BoundPolicy<P, B, E>,
  attributes: AdmissionAttributes,
  services: MatchServices,
): Promise<AppliedPolicy<P, B, E>[]> {
  const matched = await attempt(() => {
    const match = matchRequest(bound.criteria, attributes, services)
    return match && { match, resource: resourceOfParams(bound, services) }
  })
  if ('error' in matched) {
    return [{ bound, binding: undefined, misconfigured: `failed to configure policy: ${matched.error}` }]
  }
  const { value } = matched
  if (!value) return []
  const applications = bound.bindings.map((binding) => applyBinding({ bound, binding, ...value, attributes, services }))
  return (await Promise.all(applications)).flat()
}

function resourceOfParams<P extends AnyPolicy, B extends AnyBinding, E>(
  { policy }: BoundPolicy<P, B, E>,
  services: MatchServices,
): ResourceRef | undefined {
  const { paramKind } = policy.spec ?? {}
  return paramKind && paramResource(paramKind, services)
}

interface BindingApplication<P extends AnyPolicy, B extends AnyBinding, E> {
  readonly bound: BoundPolicy<P, B, E>
  readonly binding: PolicyBinding<B>
  readonly match: RequestMatch
  readonly resource: ResourceRef | undefined
  readonly attributes: AdmissionAttributes
  readonly services: MatchServices
}

async function applyBinding<P extends AnyPolicy, B extends AnyBinding, E>(
  application: BindingApplication<P, B, E>,
): Promise<AppliedPolicy<P, B, E>[]> {
  const { bound, match, resource, attributes, services } = application
  const { binding, criteria } = application.binding
  const collected = await attempt(() => {
    if (criteria && !matchRequest(criteria, attributes, services)) return undefined
    return collectParams(resource, binding.spec?.paramRef, requestNamespace(attributes), services)
  })
  if ('error' in collected)
    return [{ bound, binding, misconfigured: `failed to configure binding: ${collected.error}` }]
  return collected.value ? [{ bound, binding, match, params: collected.value }] : []
}

/** What is wrong with a policy is the policy's failure, to be judged by its failure policy. */
async function attempt<T>(action: () => T | Promise<T>): Promise<{ readonly value: T } | { readonly error: string }> {
  try {
    return { value: await action() }
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof StatusError) return { error: error.message }
    throw error
  }
}

/** What is told of objects that cannot be shown in the version that a policy names. */
export function unconvertedText({ message }: StatusError): string {
  return `failed to configure binding: failed to convert object version: ${message}`
}

/** The namespace that expressions see; none for what is in none, and for a Namespace itself. Throws 404. */
export function namespaceOf(attributes: AdmissionAttributes, reader: ObjectReader): Held<Namespace> | undefined {
  const name = requestNamespace(attributes)
  if (name === '' || isNamespaces(attributes.definition)) return undefined
  const found = reader.get(namespaces, name)
  if (!found) throw notFound({ group: '', resource: 'namespaces' }, name)
  return found
}
