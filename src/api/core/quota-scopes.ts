import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import type { ResourceRef } from '../resource-ref.ts'
import type { PersistentVolumeClaim, Pod, ResourceQuota, ScopedResourceSelectorRequirement } from '../types/core/v1.ts'
import { qosClassOf } from './pod-qos.ts'

type ReadonlyPod = DeepReadonly<Pod>
type Requirement = DeepReadonly<ScopedResourceSelectorRequirement>
type Scope<T> = (object: DeepReadonly<T>, requirement: Requirement) => boolean

const podScopes: Readonly<Record<string, Scope<Pod>>> = {
  Terminating: isTerminating,
  NotTerminating: (pod) => !isTerminating(pod),
  BestEffort: (pod) => qosClassOf(pod) === 'BestEffort',
  NotBestEffort: (pod) => qosClassOf(pod) !== 'BestEffort',
  PriorityClass: ({ spec }, requirement) => selects(requirement, spec?.priorityClassName),
  CrossNamespacePodAffinity: hasCrossNamespaceAffinity,
}

const claimScopes: Readonly<Record<string, Scope<PersistentVolumeClaim>>> = {
  VolumeAttributesClass: (claim, requirement) => {
    const names = attributesClasses(claim)
    return names.length === 0 ? selects(requirement, undefined) : names.some((name) => selects(requirement, name))
  },
}

/** Whether the quota looks at objects of some sort alone. */
export function hasScopes(quota: DeepReadonly<ResourceQuota>): boolean {
  return requirementsOf(quota).length > 0
}

/**
 * Whether an object is of all the sorts that the quota names: of kinds other than Pods and claims none is. After
 * pkg/quota/v1/evaluator/core podMatchesScopeFunc and pvcMatchesScopeFunc v1.36.
 */
export function isInScope(
  quota: DeepReadonly<ResourceQuota>,
  { group, plural }: Pick<ResourceRef, 'group' | 'plural'>,
  object: DeepReadonly<KubeObject>,
): boolean {
  const isCore = group === ''
  return requirementsOf(quota).every((requirement) => {
    const { scopeName } = requirement
    if (isCore && plural === 'pods') return getOwn(podScopes, scopeName)?.(object as ReadonlyPod, requirement) ?? false
    if (!isCore || plural !== 'persistentvolumeclaims') return false
    return getOwn(claimScopes, scopeName)?.(object as DeepReadonly<PersistentVolumeClaim>, requirement) ?? false
  })
}

/** Whether a Pod ends by itself. */
export function isTerminating({ spec }: ReadonlyPod): boolean {
  return spec?.activeDeadlineSeconds !== undefined
}

/** `scopes` are selectors that ask for nothing but existence. */
function requirementsOf({ spec }: DeepReadonly<ResourceQuota>): Requirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }))
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])]
}

/** As a label selector chooses by the one label that `value` is. */
function selects({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  const has = value !== undefined && value !== ''
  if (operator === 'In') return has && values.includes(value)
  if (operator === 'NotIn') return !has || !values.includes(value)
  return operator === 'DoesNotExist' ? !has : has
}

/** The classes that a claim has, wants or is on its way to. */
function attributesClasses({ spec, status }: DeepReadonly<PersistentVolumeClaim>): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return names.filter((name) => name !== undefined && name !== '') as string[]
}

function hasCrossNamespaceAffinity({ spec }: ReadonlyPod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  return [podAffinity, podAntiAffinity]
    .flatMap((affinity) => [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
    ])
    .some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined)
}
