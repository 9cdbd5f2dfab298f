import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts'
import type { ResourceRef } from '../resource-ref.ts'
import type { PersistentVolumeClaim, Pod, Service } from '../types/core/v1.ts'
import { type Amounts, combineAmounts, larger, podAmounts, sumOf } from './pod-amounts.ts'

/** What is taken of quotas, by the names that quotas use. Admission charges it, the quota controller counts it again. */
export type Usage = Amounts

type CountedResource = Pick<ResourceRef, 'group' | 'plural'>
type ReadonlyPod = DeepReadonly<Pod>

/** Kinds that a quota also counts by their plain name. */
const countedByName: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])
/** Requests that a quota also knows without `requests.`. */
const shortNames: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])
const storageClassAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** `count/deployments.apps`: the name under which quotas count objects of any kind. */
export function countName({ group, plural }: CountedResource): string {
  return `count/${group === '' ? plural : `${plural}.${group}`}`
}

/** What one object takes of quotas. After pkg/quota/v1/evaluator/core. */
export function objectUsage(resource: CountedResource, object: DeepReadonly<KubeObject>, nowMs: number): Usage {
  const usage = new Map([[countName(resource), quantityOf(1)]])
  const { group, plural } = resource
  if (group !== '') return usage
  const evaluate = evaluators[plural]
  if (countedByName.has(plural) && plural !== 'pods') usage.set(plural, quantityOf(1))
  for (const [name, amount] of evaluate?.(object, nowMs) ?? []) usage.set(name, amount)
  return usage
}

type Evaluator = (object: DeepReadonly<KubeObject>, nowMs: number) => Iterable<readonly [string, Quantity]>

const evaluators: Readonly<Record<string, Evaluator>> = {
  pods: (object, nowMs) => (holdsQuota(object as ReadonlyPod, nowMs) ? podUsage(object as ReadonlyPod) : []),
  services: (object) => serviceUsage(object as DeepReadonly<Service>),
  persistentvolumeclaims: (object) => claimUsage(object as DeepReadonly<PersistentVolumeClaim>),
}

/** Ended Pods take nothing, nor do those whose kubelet should long have ended them. */
export function holdsQuota(pod: ReadonlyPod, nowMs: number): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {}
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

function* podUsage(pod: ReadonlyPod): Iterable<readonly [string, Quantity]> {
  yield ['pods', quantityOf(1)]
  for (const [name, amount] of podAmounts(pod, 'requests')) {
    yield [`requests.${name}`, amount]
    if (shortNames.has(name)) yield [name, amount]
  }
  for (const [name, amount] of podAmounts(pod, 'limits')) yield [`limits.${name}`, amount]
}

function* serviceUsage({ spec }: DeepReadonly<Service>): Iterable<readonly [string, Quantity]> {
  const isBalanced = spec?.type === 'LoadBalancer'
  const hasNodePorts = spec?.type === 'NodePort' || (isBalanced && spec.allocateLoadBalancerNodePorts !== false)
  yield ['services.nodeports', quantityOf(hasNodePorts ? (spec?.ports?.length ?? 0) : 0)]
  yield ['services.loadbalancers', quantityOf(isBalanced ? 1 : 0)]
}

function* claimUsage({
  metadata,
  spec,
  status,
}: DeepReadonly<PersistentVolumeClaim>): Iterable<readonly [string, Quantity]> {
  const storageClass = metadata?.annotations?.[storageClassAnnotation] ?? spec?.storageClassName
  const prefixes = ['', ...(storageClass ? [`${storageClass}.storageclass.storage.k8s.io/`] : [])]
  const requested = spec?.resources?.requests?.storage
  const allocated = status?.allocatedResources?.storage
  // A claim that was made smaller again while it grew holds what was allocated.
  const amounts = [requested, allocated].filter((text) => text !== undefined).map(parseQuantity)
  for (const prefix of prefixes) {
    yield [`${prefix}persistentvolumeclaims`, quantityOf(1)]
    if (requested !== undefined) yield [`${prefix}requests.storage`, amounts.reduce(larger)]
  }
}

/** The usage of all objects together. */
export function totalUsage(usages: readonly Usage[]): Usage {
  return combineAmounts(usages, sumOf)
}
