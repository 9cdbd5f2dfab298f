import type { ResourceRef } from '../../../api/resource-ref.ts'
import type { MatchResources, ParamKind, ParamRef } from '../../../api/types/admissionregistration/v1.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { Held, ObjectReader } from '../../object-reader.ts'
import { compiledObjects } from '../webhook/compiled-objects.ts'
import { type MatchCriteria, matchCriteria } from '../webhook/match-request.ts'

/** What policies of both kinds say beside their expressions. */
export interface AnyPolicy extends KubeObject {
  spec?: { matchConstraints?: MatchResources; paramKind?: ParamKind; failurePolicy?: string }
}

export interface AnyBinding extends KubeObject {
  spec?: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources }
}

/** A policy with its expressions compiled, and where it applies. */
export interface BoundPolicy<P extends AnyPolicy, B extends AnyBinding, E> {
  readonly policy: Held<P>
  readonly criteria: MatchCriteria
  readonly evaluator: E
  readonly bindings: readonly PolicyBinding<B>[]
}

export interface PolicyBinding<B extends AnyBinding> {
  readonly binding: Held<B>
  /** Undefined: wherever the policy does. */
  readonly criteria: MatchCriteria | undefined
}

export interface PolicyKinds<P extends AnyPolicy, B extends AnyBinding, E> {
  readonly policies: ResourceRef<P>
  readonly bindings: ResourceRef<B>
  readonly compile: (policy: Held<P>) => E
}

/** The policies that are bound, with their bindings, both by name. One without a binding has no effect. */
export function boundPolicies<P extends AnyPolicy, B extends AnyBinding, E>(
  reader: ObjectReader,
  kinds: PolicyKinds<P, B, E>,
): () => readonly BoundPolicy<P, B, E>[] {
  const bindings = compiledObjects(reader, kinds.bindings, (binding) => ({
    binding,
    criteria: criteriaOf(specOf(binding)?.matchResources),
  }))
  const policies = compiledObjects(reader, kinds.policies, (policy) => ({
    policy,
    criteria: criteriaOf(specOf(policy)?.matchConstraints ?? {})!,
    evaluator: kinds.compile(policy),
  }))
  return joined(bindings, policies)
}

type Compiled<P extends AnyPolicy, B extends AnyBinding, E> = Omit<BoundPolicy<P, B, E>, 'bindings'>

/** Joined anew only when one of the two has changed. */
function joined<P extends AnyPolicy, B extends AnyBinding, E>(
  bindings: () => readonly PolicyBinding<B>[],
  policies: () => readonly Compiled<P, B, E>[],
): () => readonly BoundPolicy<P, B, E>[] {
  let from: { bindings: unknown; policies: unknown } | undefined
  let bound: readonly BoundPolicy<P, B, E>[] = []
  return () => {
    const now = { bindings: bindings(), policies: policies() }
    if (from?.bindings === now.bindings && from.policies === now.policies) return bound
    const byPolicy = Map.groupBy(now.bindings, ({ binding }) => specOf(binding)?.policyName ?? '')
    bound = now.policies.flatMap((compiled) => {
      const own = byPolicy.get(compiled.policy.metadata.name)
      return own ? [{ ...compiled, bindings: own }] : []
    })
    from = now
    return bound
  }
}

function specOf<T extends AnyPolicy | AnyBinding>(object: Held<T>): DeepReadonly<T['spec']> {
  return (object as { readonly spec?: unknown }).spec as DeepReadonly<T['spec']>
}

function criteriaOf(match: DeepReadonly<MatchResources> | undefined): MatchCriteria | undefined {
  if (!match) return undefined
  const { resourceRules = [], excludeResourceRules = [] } = match
  return matchCriteria(match, { rules: resourceRules, excludeRules: excludeResourceRules, matchesWithoutRules: true })
}
