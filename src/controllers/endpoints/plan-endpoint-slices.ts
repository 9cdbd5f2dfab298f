import type { Node, Pod, Service } from '../../api/types/core/v1.ts'
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../api/types/discovery/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import { controllerReference } from '../pod-control.ts'
import { canonical } from '../pod-template-hash.ts'
import { isPodReady } from '../pods.ts'
import { addressesOf, canBeEndpoint, familyOf } from './pod-facts.ts'
import { hasClusterIp, hasHostname, headlessLabel, targetPortOf, triggerTimeAnnotation } from './service-pods.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const managedBy = 'endpointslice-controller.k8s.io'
const zoneLabel = 'topology.kubernetes.io/zone'
const reservedLabels: readonly string[] = [serviceNameLabel, managedByLabel, headlessLabel]
const closeDistributions: readonly string[] = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
/** Upstream's --max-endpoints-per-slice. */
const maxEndpoints = 100

export interface SlicesView {
  readonly service: DeepReadonly<Service>
  readonly pods: readonly DeepReadonly<Pod>[]
  readonly nodeNamed: (name: string) => DeepReadonly<Node> | undefined
  /** Those this controller looks after. */
  readonly existing: readonly DeepReadonly<EndpointSlice>[]
  /** When the change happened that led here, if known. */
  readonly triggeredMs: number | undefined
}

export interface SlicesPlan {
  readonly create: EndpointSlice[]
  readonly update: EndpointSlice[]
  /** By name. */
  readonly delete: DeepReadonly<EndpointSlice>[]
}

interface Group {
  readonly ports: EndpointPort[]
  /** By what identifies an endpoint. */
  readonly endpoints: Map<string, Endpoint>
}

/** The least change that makes the slices of a Service show its Pods. After endpointslice reconciler.go. */
export function planEndpointSlices(view: SlicesView): SlicesPlan {
  const plan: SlicesPlan = { create: [], update: [], delete: [] }
  const families = familiesOf(view.service)
  for (const slice of view.existing) {
    if (!families.some((family) => family === slice.addressType)) plan.delete.push(slice)
  }
  for (const family of families) {
    const part = planFamily(view, family)
    plan.create.push(...part.create)
    plan.update.push(...part.update)
    plan.delete.push(...part.delete)
  }
  return plan
}

type Family = 'IPv4' | 'IPv6'

function familiesOf({ spec }: DeepReadonly<Service>): readonly Family[] {
  const families = (spec?.ipFamilies ?? []).filter((family) => family === 'IPv4' || family === 'IPv6')
  if (families.length > 0) return families as Family[]
  const address = spec?.clusterIP ?? ''
  return address !== '' && address !== 'None' ? [familyOf(address)] : ['IPv4', 'IPv6']
}

function planFamily(view: SlicesView, family: Family): SlicesPlan {
  const existing = view.existing.filter(({ addressType }) => addressType === family)
  const groups = groupEndpoints(view, family)
  const plan: SlicesPlan = { create: [], update: [], delete: [] }
  for (const [key, group] of groups) {
    const slices = existing.filter(({ ports }) => portsKey(ports ?? []) === key)
    planGroup({ view, family, group, slices, plan })
  }
  for (const slice of existing) if (!groups.has(portsKey(slice.ports ?? []))) plan.delete.push(slice)
  keepPlaceholder(view, family, existing, plan)
  return reuse(plan)
}

function groupEndpoints({ service, pods, nodeNamed }: SlicesView, family: Family): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    if (!canBeEndpoint(pod, true)) continue
    const endpoint = endpointOf(pod, service, nodeNamed(pod.spec?.nodeName ?? ''), family)
    if (endpoint.addresses.length === 0) continue
    const ports = portsOf(pod, service)
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: new Map() }
    groups.set(key, group)
    group.endpoints.set(identityOf(endpoint), endpoint)
  }
  return groups
}

function endpointOf(
  pod: DeepReadonly<Pod>,
  service: DeepReadonly<Service>,
  node: DeepReadonly<Node> | undefined,
  family: Family,
): Endpoint {
  const { namespace = '', name = '', uid = '', deletionTimestamp } = pod.metadata ?? {}
  const serving = isPodReady(pod)
  const terminating = deletionTimestamp !== undefined
  const zone = node?.metadata?.labels?.[zoneLabel]
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const hints = ready ? hintsFor(service, { zone, nodeName: pod.spec?.nodeName }) : undefined
  return {
    addresses: addressesOf(pod).filter((address) => familyOf(address) === family),
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hasHostname(pod, service) && pod.spec?.hostname ? { hostname: pod.spec.hostname } : {}),
    ...(hints ? { hints } : {}),
  }
}

/** Who is to prefer an endpoint: its own zone, or its own node. After endpointslice/trafficdist ReconcileHints. */
function hintsFor(
  { metadata, spec }: DeepReadonly<Service>,
  { zone, nodeName }: { zone: string | undefined; nodeName: string | undefined },
): EndpointHints | undefined {
  const distribution = spec?.trafficDistribution ?? ''
  const { annotations = {} } = metadata ?? {}
  const mode =
    annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode']
  // The older annotation asks for another way of sharing, which excludes this one.
  if (!closeDistributions.includes(distribution) || mode === 'Auto' || mode === 'auto') return undefined
  const forNodes = distribution === 'PreferSameNode' && nodeName ? { forNodes: [{ name: nodeName }] } : {}
  const forZones = zone ? { forZones: [{ name: zone }] } : {}
  const hints: EndpointHints = { ...forZones, ...forNodes }
  return Object.keys(hints).length > 0 ? hints : undefined
}

function portsOf(pod: DeepReadonly<Pod>, service: DeepReadonly<Service>): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(pod, servicePort)
    if (port === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return [{ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) }]
  })
}

/** The same for the same ports, in whichever order. */
export function portsKey(ports: readonly DeepReadonly<EndpointPort>[]): string {
  return JSON.stringify(
    ports
      .map(({ name = '', port, protocol, appProtocol = '' }) => [name, port, protocol, appProtocol].join('/'))
      .sort(),
  )
}

function identityOf({ addresses, hostname, targetRef }: DeepReadonly<Endpoint>): string {
  return JSON.stringify([[...addresses].sort(), hostname, targetRef?.namespace, targetRef?.name, targetRef?.uid])
}

interface GroupInput {
  readonly view: SlicesView
  readonly family: Family
  readonly group: Group
  readonly slices: readonly DeepReadonly<EndpointSlice>[]
  readonly plan: SlicesPlan
}

/** Endpoints stay in the slice they are in; new ones fill slices that change anyway, then one with room, then new ones. */
function planGroup({ view, family, group, slices, plan }: GroupInput): void {
  const missing = new Map(group.endpoints)
  const changed: EndpointSlice[] = []
  const unchanged: DeepReadonly<EndpointSlice>[] = []
  for (const slice of slices) {
    const kept = takeWanted(slice, missing)
    if (kept.length === 0) plan.delete.push(slice)
    else if (isSame(slice, kept, view.service)) unchanged.push(slice)
    else changed.push(renewed(slice, kept, view))
  }
  const rest = [...missing.values()]
  for (const slice of changed.sort((a, b) => (b.endpoints?.length ?? 0) - (a.endpoints?.length ?? 0))) {
    const room = maxEndpoints - (slice.endpoints?.length ?? 0)
    slice.endpoints = [...(slice.endpoints ?? []), ...rest.splice(0, room)]
  }
  const roomy = rest.length > 0 ? bestFit(unchanged, rest.length % maxEndpoints) : undefined
  if (roomy) {
    const present = structuredClone(roomy.endpoints ?? []) as Endpoint[]
    changed.push(renewed(roomy, [...present, ...rest.splice(0, maxEndpoints - present.length)], view))
  }
  plan.update.push(...changed)
  while (rest.length > 0) {
    plan.create.push(newSlice(view, family, group.ports, rest.splice(0, maxEndpoints)))
  }
}

/** The endpoints of a slice that are still wanted, as they should look now; they are no longer missing then. */
function takeWanted(slice: DeepReadonly<EndpointSlice>, missing: Map<string, Endpoint>): Endpoint[] {
  const kept: Endpoint[] = []
  for (const endpoint of slice.endpoints ?? []) {
    const identity = identityOf(endpoint)
    const wanted = missing.get(identity)
    if (wanted) kept.push(wanted)
    missing.delete(identity)
  }
  return kept
}

/** The fullest slice that can still take them all. */
function bestFit(
  slices: readonly DeepReadonly<EndpointSlice>[],
  count: number,
): DeepReadonly<EndpointSlice> | undefined {
  const roomy = slices.filter(({ endpoints }) => (endpoints?.length ?? 0) + count <= maxEndpoints)
  return roomy.toSorted((a, b) => (b.endpoints?.length ?? 0) - (a.endpoints?.length ?? 0))[0]
}

function isSame(
  slice: DeepReadonly<EndpointSlice>,
  endpoints: readonly Endpoint[],
  service: DeepReadonly<Service>,
): boolean {
  return (
    canonical(slice.endpoints ?? []) === canonical(endpoints) &&
    canonical(labelText(slice.metadata?.labels)) === canonical(labelText(labelsFor(service)))
  )
}

/** Labels with empty values count: `canonical` alone would drop them. */
function labelText(labels: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
}

function labelsFor(service: DeepReadonly<Service>): Record<string, string> {
  const own = Object.entries(service.metadata?.labels ?? {}).filter(([key]) => !reservedLabels.includes(key))
  return {
    ...Object.fromEntries(own),
    ...(hasClusterIp(service) ? {} : { [headlessLabel]: '' }),
    [serviceNameLabel]: service.metadata?.name ?? '',
    [managedByLabel]: managedBy,
  }
}

function annotationsFor(
  annotations: Readonly<Record<string, string>> = {},
  triggeredMs: number | undefined,
): Record<string, string> {
  const { [triggerTimeAnnotation]: _, ...others } = annotations
  return triggeredMs === undefined ? others : { ...others, [triggerTimeAnnotation]: formatTime(triggeredMs) }
}

function renewed(slice: DeepReadonly<EndpointSlice>, endpoints: Endpoint[], view: SlicesView): EndpointSlice {
  const draft = structuredClone(slice) as EndpointSlice
  const annotations = annotationsFor(draft.metadata?.annotations, view.triggeredMs)
  return { ...draft, metadata: { ...draft.metadata, labels: labelsFor(view.service), annotations }, endpoints }
}

function newSlice(
  { service, triggeredMs }: SlicesView,
  family: Family,
  ports: EndpointPort[],
  endpoints: Endpoint[],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata?.name}-`,
      namespace: service.metadata?.namespace ?? '',
      labels: labelsFor(service),
      annotations: annotationsFor({}, triggeredMs),
      ownerReferences: [controllerReference({ ...service, apiVersion: 'v1', kind: 'Service' })],
    },
    addressType: family,
    endpoints,
    ports,
  }
}

/** A Service without endpoints keeps one empty slice, so that readers can tell "none" from "not there yet". */
function keepPlaceholder(
  view: SlicesView,
  family: Family,
  existing: readonly DeepReadonly<EndpointSlice>[],
  plan: SlicesPlan,
): void {
  if (existing.length !== plan.delete.length || plan.create.length > 0) return
  const [only] = plan.delete
  const isPlaceholder = (only?.endpoints ?? []).length === 0 && (only?.ports ?? []).length === 0
  const fits = only && isPlaceholder && isSame(only, [], view.service)
  if (fits && plan.delete.length === 1) plan.delete.length = 0
  else plan.create.push(newSlice(view, family, [], []))
}

/** Instead of deleting one slice and creating another, the one becomes the other. */
function reuse(plan: SlicesPlan): SlicesPlan {
  while (plan.create.length > 0 && plan.delete.length > 0) {
    const created = plan.create.pop()!
    const { metadata } = structuredClone(plan.delete.pop()!) as EndpointSlice
    const { labels, annotations } = created.metadata ?? {}
    const own = { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) }
    plan.update.push({ ...created, metadata: { ...metadata, ...own } })
  }
  return plan
}
