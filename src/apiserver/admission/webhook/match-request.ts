import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { LabelSelector } from '../../../api/types/meta/v1.ts'
import { namespaces } from '../../../api/types/resources.ts'
import { internalError, notFound } from '../../../machinery/errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import {
  type LabelMatcher,
  type Labels,
  labelMatcher,
  labelSelectorRequirements,
} from '../../../machinery/selectors.ts'
import type { StatusError } from '../../../machinery/status.ts'
import type { ObjectReader } from '../../object-reader.ts'
import type { ResourceRegistry } from '../../registry.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { matchesRule, type Rule } from './match-rule.ts'
import {
  type GroupVersionKind,
  type GroupVersionResource,
  isNamespaces,
  kindOf,
  requestKind,
  requestNamespace,
  resourceOf,
} from './request-kind.ts'

/** Which requests a webhook, a policy or a binding is for. */
export interface MatchCriteria {
  readonly namespaceSelector: ParsedSelector
  readonly objectSelector: ParsedSelector
  readonly rules: readonly Rule[]
  readonly excludeRules: readonly Rule[]
  /** A rule for one version of a resource is for all of them. */
  readonly isEquivalent: boolean
  /** Policies: having no rules means all requests. */
  readonly matchesWithoutRules: boolean
}

export interface MatchSource {
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
  readonly matchPolicy?: string
}

/** Undefined: everything fits. */
export type ParsedSelector = { readonly matches: LabelMatcher } | { readonly error: unknown } | undefined

/** The resource and kind under which a request is seen: its own, or an equivalent one that a rule names. */
export interface RequestMatch {
  readonly definition: ResourceDefinition
  readonly resource: GroupVersionResource
  readonly kind: GroupVersionKind
}

export interface MatchServices {
  readonly reader: ObjectReader
  readonly registry: ResourceRegistry
}

export function matchCriteria(
  { namespaceSelector, objectSelector, matchPolicy }: DeepReadonly<MatchSource>,
  rules: Pick<MatchCriteria, 'rules' | 'excludeRules' | 'matchesWithoutRules'>,
): MatchCriteria {
  return {
    ...rules,
    namespaceSelector: parseSelector(namespaceSelector),
    objectSelector: parseSelector(objectSelector),
    isEquivalent: matchPolicy === 'Equivalent',
  }
}

function parseSelector(selector: DeepReadonly<LabelSelector> = {}): ParsedSelector {
  try {
    const requirements = labelSelectorRequirements(selector as DeepReadonly<Required<LabelSelector>>)
    return requirements.length === 0 ? undefined : { matches: labelMatcher(requirements) }
  } catch (error) {
    // Told to those whose request it would have to be matched with, as upstream does.
    return { error }
  }
}

/**
 * How a request fits the criteria; undefined when it does not. What is wrong with a selector counts only when
 * everything else fits. Throws a StatusError. After apiserver policy/matching and webhook/generic v1.36.
 */
export function matchRequest(
  criteria: MatchCriteria,
  attributes: AdmissionAttributes,
  services: MatchServices,
): RequestMatch | undefined {
  const inNamespace = matchesNamespace(criteria.namespaceSelector, attributes, services.reader)
  if (inNamespace === false) return undefined
  const fitsObject = matchesObject(criteria.objectSelector, attributes)
  if (fitsObject === false) return undefined
  if (criteria.excludeRules.length > 0) {
    if (matchRules(criteria.excludeRules, criteria.isEquivalent, attributes, services.registry)) return undefined
  }
  const matchesAll = criteria.matchesWithoutRules && criteria.rules.length === 0
  const match = matchesAll
    ? ownMatch(attributes)
    : matchRules(criteria.rules, criteria.isEquivalent, attributes, services.registry)
  if (!match) return undefined
  if (inNamespace !== true) throw inNamespace
  if (fitsObject !== true) throw fitsObject
  return match
}

function ownMatch(attributes: AdmissionAttributes): RequestMatch {
  const { definition } = attributes
  return { definition, resource: resourceOf(definition), kind: requestKind(attributes) }
}

function matchRules(
  rules: readonly Rule[],
  isEquivalent: boolean,
  attributes: AdmissionAttributes,
  registry: ResourceRegistry,
): RequestMatch | undefined {
  const own = resourceOf(attributes.definition)
  if (rules.some((rule) => matchesRule(rule, own, attributes))) return ownMatch(attributes)
  if (!isEquivalent) return undefined
  const others = equivalentDefinitions(attributes, registry)
  if (others.length === 0) return undefined
  for (const rule of rules) {
    for (const definition of others) {
      const resource = resourceOf(definition)
      if (matchesRule(rule, resource, attributes)) return { definition, resource, kind: kindIn(definition, attributes) }
    }
  }
  return undefined
}

/** The other versions and groups that the same stored objects are served in. */
function equivalentDefinitions(
  { definition, subresource }: AdmissionAttributes,
  registry: ResourceRegistry,
): readonly ResourceDefinition[] {
  return registry
    .all()
    .filter(
      (other) =>
        other.storagePrefix === definition.storagePrefix &&
        other !== definition &&
        (subresource === '' || other.subresources?.[subresource] !== undefined),
    )
}

/** Below a subresource with a kind of its own, such as Scale, that kind is the same in all versions. */
function kindIn(definition: ResourceDefinition, attributes: AdmissionAttributes): GroupVersionKind {
  const kind = requestKind(attributes)
  const { group, version, kind: own } = kindOf(attributes.definition)
  const isOwn = kind.kind === own && kind.group === group && kind.version === version
  return isOwn ? kindOf(definition) : kind
}

type Verdict = boolean | StatusError

function matchesNamespace(selector: ParsedSelector, attributes: AdmissionAttributes, reader: ObjectReader): Verdict {
  const namespace = requestNamespace(attributes)
  if (namespace === '' && !isNamespaces(attributes.definition)) return true
  if (!selector) return true
  if ('error' in selector) return internalError(selector.error)
  const labels = namespaceLabels(namespace, attributes, reader)
  return labels === undefined ? notFound({ group: '', resource: 'namespaces' }, namespace) : selector.matches(labels)
}

/** Undefined: there is no such namespace. One that is being written is as the request would have it. */
function namespaceLabels(
  namespace: string,
  { definition, subresource, operation, object }: AdmissionAttributes,
  reader: ObjectReader,
): Labels | undefined {
  const isWritten = operation === 'CREATE' || operation === 'UPDATE'
  if (isNamespaces(definition) && subresource === '' && isWritten) return object?.metadata?.labels ?? {}
  const found = reader.get(namespaces, namespace)
  return found && (found.metadata.labels ?? {})
}

function matchesObject(selector: ParsedSelector, { object, oldObject }: AdmissionAttributes): Verdict {
  if (!selector) return true
  if ('error' in selector) return internalError(selector.error)
  return [object, oldObject].some((each) => each?.metadata !== undefined && selector.matches(each.metadata.labels))
}
