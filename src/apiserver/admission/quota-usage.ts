import type { Container, PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../../api/types/core/v1.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts'
import type { Held } from '../object-reader.ts'
import type { AdmissionAttributes } from './admission.ts'
import { podAmounts } from './pod-amounts.ts'

export type Usage = ReadonlyMap<string, Quantity>

/** Counted under their own name beside `count/<resource>`. */
const countedByName: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

/** Amounts that a quota names without `requests.` as well. */
const shortNames: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Amounts that every container must state where a quota limits them. */
const mustBeStated: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
])

/** What an object takes of quotas. After kubernetes pkg/quota/v1/evaluator/core v1.36. */
export function usageOf(
  { definition }: Pick<AdmissionAttributes, 'definition'>,
  object: DeepReadonly<KubeObject>,
): Usage {
  const { group, plural } = definition
  const usage = new Map<string, Quantity>([[`count/${group === '' ? plural : `${plural}.${group}`}`, quantityOf(1)]])
  if (group !== '') return usage
  if (countedByName.has(plural)) usage.set(plural, quantityOf(1))
  if (plural === 'pods') addPod(usage, object as DeepReadonly<Pod>)
  if (plural === 'services') addService(usage, object as DeepReadonly<Service>)
  if (plural === 'persistentvolumeclaims') addClaim(usage, object as DeepReadonly<PersistentVolumeClaim>)
  return usage
}

function addPod(usage: Map<string, Quantity>, pod: DeepReadonly<Pod>): void {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
    usage.delete('pods')
    return
  }
  for (const [name, text] of Object.entries(podAmounts(pod, 'requests'))) {
    usage.set(`requests.${name}`, parseQuantity(text))
    if (shortNames.has(name)) usage.set(name, parseQuantity(text))
  }
  for (const [name, text] of Object.entries(podAmounts(pod, 'limits'))) usage.set(`limits.${name}`, parseQuantity(text))
}

function addService(usage: Map<string, Quantity>, { spec }: DeepReadonly<Service>): void {
  const ports = spec?.ports?.length ?? 0
  const withNodePorts =
    spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  usage.set('services.nodeports', quantityOf(withNodePorts ? ports : 0))
  usage.set('services.loadbalancers', quantityOf(spec?.type === 'LoadBalancer' ? 1 : 0))
}

function addClaim(usage: Map<string, Quantity>, { metadata, spec }: DeepReadonly<PersistentVolumeClaim>): void {
  const text = spec?.resources?.requests?.storage
  const storageClass = metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName
  if (text !== undefined) usage.set('requests.storage', parseQuantity(text))
  if (!storageClass) return
  const prefix = `${storageClass}.storageclass.storage.k8s.io`
  usage.set(`${prefix}/persistentvolumeclaims`, quantityOf(1))
  if (text !== undefined) usage.set(`${prefix}/requests.storage`, parseQuantity(text))
}

/** `limits.memory for: c; requests.cpu for: c`: what a Pod's containers leave out though a quota limits it. */
export function unstatedAmounts({ spec }: DeepReadonly<Pod>, limited: readonly string[]): string | undefined {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const missing = limited
    .filter((name) => mustBeStated.has(name))
    .sort()
    .map((name) => ({
      name,
      without: containers.filter((container) => !states(container, name)).map((container) => container.name),
    }))
    .filter(({ without }) => without.length > 0)
  if (missing.length === 0) return undefined
  return missing.map(({ name, without }) => `${name} for: ${[...new Set(without)].sort().join(',')}`).join('; ')
}

function states({ resources }: DeepReadonly<Container>, name: string): boolean {
  const [, kind = 'requests', amount = name] = /^(requests|limits)\.(.+)$/.exec(name) ?? []
  return resources?.[kind as 'requests' | 'limits']?.[amount] !== undefined
}

type ScopeTest = (pod: DeepReadonly<Pod>) => boolean

const scopes: Readonly<Record<string, ScopeTest>> = {
  Terminating: ({ spec }) => spec?.activeDeadlineSeconds !== undefined,
  NotTerminating: ({ spec }) => spec?.activeDeadlineSeconds === undefined,
  BestEffort: isBestEffort,
  NotBestEffort: (pod) => !isBestEffort(pod),
  PriorityClass: ({ spec }) => (spec?.priorityClassName ?? '') !== '',
  CrossNamespacePodAffinity: hasCrossNamespaceAffinity,
}

/** Whether a quota looks at this object: those with scopes look at the Pods within them alone. */
export function isInScope(quota: Held<ResourceQuota>, plural: string, object: DeepReadonly<KubeObject>): boolean {
  const named = (quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: undefined }))
  const requirements = [...named, ...(quota.spec?.scopeSelector?.matchExpressions ?? [])]
  if (requirements.length === 0) return true
  if (plural !== 'pods') return false
  const pod = object as DeepReadonly<Pod>
  return requirements.every(({ scopeName, operator, values = [] }) => {
    const className = pod.spec?.priorityClassName ?? ''
    switch (operator) {
      case 'In':
        return values.includes(className)
      case 'NotIn':
        return !values.includes(className)
      case 'DoesNotExist':
        return !scopes[scopeName]?.(pod)
      default:
        return scopes[scopeName]?.(pod) ?? false
    }
  })
}

function isBestEffort({ spec }: DeepReadonly<Pod>): boolean {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].every(({ resources }) =>
    [resources?.requests, resources?.limits].every(
      (amounts) => amounts?.cpu === undefined && amounts?.memory === undefined,
    ),
  )
}

function hasCrossNamespaceAffinity({ spec }: DeepReadonly<Pod>): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const preferred = (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (term) => term.podAffinityTerm,
    )
    const terms = [...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred]
    return terms.some(
      ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
    )
  })
}
