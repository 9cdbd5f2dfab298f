import type { Service, ServicePort as ServicePortSpec } from '../api/types/core/v1.ts'
import type { Endpoint, EndpointSlice } from '../api/types/discovery/v1.ts'
import { type DeepReadonly, objectKey, type Stored } from '../machinery/object.ts'

export type ServiceObject = DeepReadonly<Stored<Service>>
export type EndpointSliceObject = DeepReadonly<Stored<EndpointSlice>>
export type Protocol = 'tcp' | 'udp' | 'sctp'

/** One port of one Service, ready to be made into rules: no field is looked up again later. */
export interface ServicePort {
  /** `namespace/name:port`. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly clusterIPs: readonly string[]
  /** Addresses that reach the Service from outside: external IPs and those of a load balancer. */
  readonly externalIPs: readonly string[]
  readonly nodePort: number | undefined
  readonly affinitySeconds: number | undefined
  /** Where traffic from inside the cluster may go, and from outside; the same unless a policy is Local. */
  readonly internal: readonly Target[]
  readonly external: readonly Target[]
  /** Traffic from outside keeps its source address: external traffic policy Local. */
  readonly keepsSource: boolean
}

export interface Target {
  readonly address: string
  readonly port: number
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
export function serviceView({ services, endpointSlices, nodeName, zone }: ServiceViewInput): ServicePort[] {
  const slicesByService = groupSlices(endpointSlices)
  return services
    .filter(isProxied)
    .flatMap((service) => {
      const slices = slicesByService.get(objectKey(service)) ?? []
      return (service.spec?.ports ?? []).map((port) => servicePort({ service, port, slices, nodeName, zone }))
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Not headless, not by name, not another proxy's. */
function isProxied({ spec, metadata: { labels = {} } }: ServiceObject): boolean {
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

interface PortInput {
  readonly service: ServiceObject
  readonly port: DeepReadonly<ServicePortSpec>
  readonly slices: readonly EndpointSliceObject[]
  readonly nodeName: string
  readonly zone: string | undefined
}

function servicePort({ service, port, slices, nodeName, zone }: PortInput): ServicePort {
  const { spec = {}, status } = service as {
    spec?: NonNullable<ServiceObject['spec']>
    status?: ServiceObject['status']
  }
  const candidates = endpointsOf(slices, port.name ?? '')
  const isLocal = ({ endpoint }: Candidate) => endpoint.nodeName === nodeName
  const local = candidates.filter(isLocal)
  const everywhere = byTopology(candidates, nodeName, zone)
  const ingress = (status?.loadBalancer?.ingress ?? [])
    .filter(({ ipMode }) => ipMode !== 'Proxy')
    .flatMap(({ ip }) => ip ?? [])
  const keepsSource = spec.externalTrafficPolicy === 'Local'
  return {
    name: `${objectKey(service)}:${port.name ?? ''}`,
    protocol: (port.protocol ?? 'TCP').toLowerCase() as Protocol,
    port: port.port,
    clusterIPs: (spec.clusterIPs ?? [spec.clusterIP!]).filter(isIPv4),
    externalIPs: [...(spec.externalIPs ?? []), ...ingress].filter(isIPv4),
    nodePort: port.nodePort || undefined,
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)
        : undefined,
    internal: usable(spec.internalTrafficPolicy === 'Local' ? local : everywhere),
    external: usable(keepsSource ? local : everywhere),
    keepsSource,
  }
}

interface Candidate extends Target {
  readonly endpoint: DeepReadonly<Endpoint>
}

function endpointsOf(slices: readonly EndpointSliceObject[], portName: string): Candidate[] {
  return slices.flatMap(({ ports = [], endpoints = [] }) => {
    const port = ports.find(({ name = '' }) => name === portName)?.port
    if (port === undefined) return []
    return endpoints.flatMap((endpoint) => {
      const address = endpoint.addresses[0]
      return address === undefined ? [] : [{ endpoint, address, port }]
    })
  })
}

/**
 * Endpoints hinted for this node if all have node hints, for this zone if all have zone hints, else all.
 * After pkg/proxy/topology.go.
 */
function byTopology(
  candidates: readonly Candidate[],
  nodeName: string,
  zone: string | undefined,
): readonly Candidate[] {
  const ready = candidates.filter(({ endpoint }) => endpoint.conditions?.ready !== false)
  const forNode = ready.filter(({ endpoint }) => endpoint.hints?.forNodes?.some(({ name }) => name === nodeName))
  if (ready.every(({ endpoint }) => endpoint.hints?.forNodes?.length) && forNode.length > 0) return forNode
  const forZone = ready.filter(({ endpoint }) => endpoint.hints?.forZones?.some(({ name }) => name === zone))
  if (zone && ready.every(({ endpoint }) => endpoint.hints?.forZones?.length) && forZone.length > 0) return forZone
  return candidates
}

/** Ready endpoints; when there are none, those that still serve while they end. Sorted, each once. */
function usable(candidates: readonly Candidate[]): Target[] {
  const ready = candidates.filter(({ endpoint }) => endpoint.conditions?.ready !== false)
  const serving = candidates.filter(({ endpoint: { conditions } }) => conditions?.serving && conditions.terminating)
  const unique = new Map<string, Target>()
  for (const { address, port } of ready.length > 0 ? ready : serving)
    unique.set(`${address}:${port}`, { address, port })
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
}

function isIPv4(address: string): boolean {
  return address.includes('.')
}
