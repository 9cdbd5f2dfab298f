import type { Service, ServicePort as ServicePortSpec } from '../api/types/core/v1.ts'
import { type DeepReadonly, objectKey, type Stored } from '../machinery/object.ts'
import { type Candidate, chooseTargets, type EndpointSliceObject, endpointsOf, type Target } from './endpoints.ts'

export type ServiceObject = DeepReadonly<Stored<Service>>
export type Protocol = 'tcp' | 'udp' | 'sctp'

/** One port of one Service, ready to be made into rules: no field is looked up again later. */
export interface ServicePort {
  /** `namespace/name:port`. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly clusterIPs: readonly string[]
  readonly externalIPs: readonly string[]
  /** Addresses of load balancers that deliver to the node with the destination unchanged. */
  readonly loadBalancerIPs: readonly string[]
  /** Who may use the load balancer's addresses; nothing: everybody. CIDRs. */
  readonly sourceRanges: readonly string[]
  readonly nodePort: number | undefined
  readonly affinitySeconds: number | undefined
  /** The traffic policies: `true` is Local. */
  readonly internalIsLocal: boolean
  readonly externalIsLocal: boolean
  /** Endpoints for the policy Cluster, topology considered, and for the policy Local; empty where neither is used. */
  readonly cluster: readonly Target[]
  readonly local: readonly Target[]
  /** Those of the above that run on this node: they may reach themselves. */
  readonly onThisNode: readonly Target[]
  /** Whether there is a usable endpoint anywhere, even if no policy allows it here. */
  readonly hasEndpoints: boolean
  /** Every endpoint that serves, wherever it is: flows to others are stale. */
  readonly serving: readonly Target[]
  readonly readyHere: readonly Target[]
  /** Where load balancers ask whether this node has endpoints: policy Local only. */
  readonly healthCheckNodePort: number | undefined
}

export interface ServiceViewInput {
  readonly services: readonly ServiceObject[]
  readonly endpointSlices: readonly EndpointSliceObject[]
  readonly nodeName: string
  readonly zone: string | undefined
}

const serviceNameLabel = 'kubernetes.io/service-name'
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name'
const headlessLabel = 'service.kubernetes.io/headless'

/** Services with a cluster IP, their ports and where those lead from this node. IPv4. Pure. */
export function serviceView(input: ServiceViewInput): ServicePort[] {
  const slicesByService = groupSlices(input.endpointSlices)
  return input.services
    .filter(isProxied)
    .flatMap((service) => {
      const slices = slicesByService.get(objectKey(service)) ?? []
      return (service.spec?.ports ?? []).map((port) => {
        return servicePort(service, port, { ...input, candidates: endpointsOf(slices, port.name ?? '') })
      })
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Not headless, not by name, not another proxy's. */
export function isProxied({ spec, metadata: { labels = {} } }: ServiceObject): boolean {
  const hasAddress = Boolean(spec?.clusterIP) && spec?.clusterIP !== 'None' && spec?.type !== 'ExternalName'
  return hasAddress && !(proxyNameLabel in labels)
}

function groupSlices(slices: readonly EndpointSliceObject[]): Map<string, EndpointSliceObject[]> {
  const groups = new Map<string, EndpointSliceObject[]>()
  for (const slice of slices) {
    const { labels = {}, namespace = '' } = slice.metadata
    const service = labels[serviceNameLabel]
    if (!service || slice.addressType !== 'IPv4' || proxyNameLabel in labels || headlessLabel in labels) continue
    const key = `${namespace}/${service}`
    const group = groups.get(key)
    if (group) group.push(slice)
    else groups.set(key, [slice])
  }
  return groups
}

interface Surroundings {
  readonly candidates: readonly Candidate[]
  readonly nodeName: string
  readonly zone: string | undefined
}

function servicePort(
  service: ServiceObject,
  port: DeepReadonly<ServicePortSpec>,
  surroundings: Surroundings,
): ServicePort {
  const spec: NonNullable<ServiceObject['spec']> = service.spec ?? {}
  const externalIPs = (spec.externalIPs ?? []).filter(isIPv4)
  const loadBalancerIPs = (service.status?.loadBalancer?.ingress ?? [])
    .filter(({ ipMode }) => ipMode !== 'Proxy')
    .flatMap(({ ip }) => ip ?? [])
    .filter(isIPv4)
  const nodePort = port.nodePort || undefined
  const isExternal = nodePort !== undefined || externalIPs.length > 0 || loadBalancerIPs.length > 0
  const internalIsLocal = spec.internalTrafficPolicy === 'Local'
  const externalIsLocal = isExternal && spec.externalTrafficPolicy === 'Local'
  return {
    name: `${objectKey(service)}:${port.name ?? ''}`,
    protocol: (port.protocol ?? 'TCP').toLowerCase() as Protocol,
    port: port.port,
    clusterIPs: (spec.clusterIPs ?? [spec.clusterIP!]).filter(isIPv4),
    externalIPs,
    loadBalancerIPs,
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(isIPv4),
    nodePort,
    affinitySeconds: affinitySeconds(spec),
    internalIsLocal,
    externalIsLocal,
    healthCheckNodePort: (externalIsLocal && spec.healthCheckNodePort) || undefined,
    ...chooseTargets({
      ...surroundings,
      // Even under the policy Local, Pods and the node itself reach external addresses as if they were outside.
      usesCluster: !internalIsLocal || isExternal,
      usesLocal: internalIsLocal || externalIsLocal,
    }),
  }
}

/** Upstream's default where the API server set none: three hours. */
const defaultAffinitySeconds = 10_800

function affinitySeconds(spec: NonNullable<ServiceObject['spec']>): number | undefined {
  if (spec.sessionAffinity !== 'ClientIP') return undefined
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds
}

function isIPv4(address: string): boolean {
  return address.includes('.')
}
