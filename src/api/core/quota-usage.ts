import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts'
import type { ResourceRef } from '../resource-ref.ts'
import type { PersistentVolumeClaim, Pod, Service } from '../types/core/v1.ts'
import type { ResourceClaim } from '../types/resource/v1.ts'
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
  if (group === '' && countedByName.has(plural) && plural !== 'pods') usage.set(plural, quantityOf(1))
  const evaluate = evaluators[`${group}/${plural}`]
  for (const [name, amount] of evaluate?.(object, nowMs) ?? []) usage.set(name, amount)
  return usage
}

type Evaluator = (object: DeepReadonly<KubeObject>, nowMs: number) => Iterable<readonly [string, Quantity]>

const evaluators: Readonly<Record<string, Evaluator>> = {
  '/pods': (object, nowMs) => (holdsQuota(object as ReadonlyPod, nowMs) ? podUsage(object as ReadonlyPod) : []),
  '/services': (object) => serviceUsage(object as DeepReadonly<Service>),
  '/persistentvolumeclaims': (object) => claimUsage(object as DeepReadonly<PersistentVolumeClaim>),
  'resource.k8s.io/resourceclaims': (object) => deviceUsage(object as DeepReadonly<ResourceClaim>),
}

/** Which of a quota's names are about a kind. After the evaluators' MatchingResources. */
export function namesAbout(resource: CountedResource, names: readonly string[]): string[] {
  const { group, plural } = resource
  const own = matchers[`${group}/${plural}`]
  const count = countName(resource)
  const isPlain = group === '' && countedByName.has(plural)
  return names.filter((name) => name === count || (isPlain && name === plural) || (own?.(name) ?? false))
}

const podNames: ReadonlySet<string> = new Set(
  ['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
)

const matchers: Readonly<Record<string, (name: string) => boolean>> = {
  '/pods': (name) =>
    podNames.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    (name.startsWith('requests.') && isExtended(name)),
  '/services': (name) => name === 'services.nodeports' || name === 'services.loadbalancers',
  '/persistentvolumeclaims': (name) => name === 'requests.storage' || storageClassName.test(name),
  'resource.k8s.io/resourceclaims': (name) => name.endsWith(devicesSuffix),
}

const storageClassName = /\.storageclass\.storage\.k8s\.io\/(persistentvolumeclaims|requests\.storage)$/
const devicesSuffix = '.deviceclass.resource.k8s.io/devices'
const deviceClassPrefix = 'requests.deviceclass.resource.kubernetes.io/'

/** Devices that Pods ask for by a name of their own, or by that of a device class. */
function isExtended(name: string): boolean {
  return name.startsWith(deviceClassPrefix) || (name.includes('/') && !name.includes('kubernetes.io/'))
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
    if (shortNames.has(name) || name.startsWith('hugepages-')) yield [name, amount]
  }
  for (const [name, amount] of podAmounts(pod, 'limits')) yield [`limits.${name}`, amount]
}

function* serviceUsage({ spec }: DeepReadonly<Service>): Iterable<readonly [string, Quantity]> {
  const isBalanced = spec?.type === 'LoadBalancer'
  const ports = spec?.ports ?? []
  const mayLackNodePorts = isBalanced && spec.allocateLoadBalancerNodePorts === false
  const wanted = mayLackNodePorts ? ports.filter(({ nodePort }) => nodePort) : ports
  yield ['services.nodeports', quantityOf(isBalanced || spec?.type === 'NodePort' ? wanted.length : 0)]
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
    if (requested !== undefined) yield [`${prefix}requests.storage`, wholeBytes(amounts.reduce(larger))]
  }
}

/** A quota knows no parts of bytes. */
function wholeBytes(amount: Quantity): Quantity {
  return amount.nano % 1_000_000_000n === 0n ? amount : quantityOf(amount.value(), amount.format)
}

/** What a request for all devices may come to: the most that one claim can be given. */
const mostDevices = 32

interface DeviceAmount {
  readonly deviceClassName: string
  readonly allocationMode?: string
  readonly count?: number
}

/** Of alternatives the worst of each class counts. */
function deviceUsage({ spec }: DeepReadonly<ResourceClaim>): Iterable<readonly [string, Quantity]> {
  const requests = (spec?.devices?.requests ?? []).map(({ exactly, firstAvailable }) =>
    combineAmounts(
      firstAvailable?.length ? firstAvailable.map(devicesOf) : exactly ? [devicesOf(exactly)] : [],
      larger,
    ),
  )
  return combineAmounts(requests, sumOf)
}

function devicesOf({ deviceClassName, allocationMode, count = 0 }: DeviceAmount): Amounts {
  const amount = allocationMode === 'All' ? mostDevices : allocationMode === 'ExactCount' ? count : 0
  return new Map([[`${deviceClassName}${devicesSuffix}`, quantityOf(amount)]])
}

/** The usage of all objects together. */
export function totalUsage(usages: readonly Usage[]): Usage {
  return combineAmounts(usages, sumOf)
}
