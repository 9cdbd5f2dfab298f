import type { ServicePort } from '../../api/types/core/v1.ts'
import type { EndpointPort, EndpointSlice } from '../../api/types/discovery/v1.ts'
import { endpointSlices, services } from '../../api/types/resources.ts'
import { notFound, serviceUnavailable } from '../../machinery/errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Held, ObjectReader } from '../object-reader.ts'

export interface ServiceReference {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** Where a connection goes. `host` is an address, or the name that an ExternalName Service stands for. */
export interface ServiceAddress {
  readonly host: string
  readonly port: number
}

const serviceNameLabel = 'kubernetes.io/service-name'
const routable: readonly string[] = ['ClusterIP', 'LoadBalancer', 'NodePort']

/**
 * A ready endpoint of a Service, another one each time. Straight to the endpoint, since this process may run where no
 * proxy serves cluster addresses. Throws with upstream's words. After apiserver util/proxy ResolveEndpoint v1.36, and
 * ResolveCluster for ExternalName.
 */
export function resolveService(
  reader: ObjectReader,
  { namespace, name, port }: ServiceReference,
  random: (limit: number) => number,
): ServiceAddress {
  const service = reader.get(services, name, namespace)
  if (!service) throw notFound({ group: '', resource: 'service' }, name)
  const { type = 'ClusterIP', externalName = '', ports = [] } = service.spec ?? {}
  if (type === 'ExternalName') return { host: externalName, port }
  if (!routable.includes(type)) throw new Error(`unsupported service type ${JSON.stringify(type)}`)
  const servicePort = ports.find((candidate) => candidate.port === port)
  if (!servicePort) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`)
  const slices = reader
    .list(endpointSlices, namespace)
    .filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name)
  const found = pickEndpoint(inOrder(slices, service.spec?.ipFamilies?.[0], random), servicePort, random)
  if (!found) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`)
  return found
}

/** Those of the Service's first address family come first, otherwise none is preferred. */
function inOrder(
  slices: readonly Held<EndpointSlice>[],
  family: string | undefined,
  random: (limit: number) => number,
): readonly Held<EndpointSlice>[] {
  const start = slices.length === 0 ? 0 : random(slices.length)
  const rotated = [...slices.slice(start), ...slices.slice(0, start)]
  const isPreferred = ({ addressType }: Held<EndpointSlice>) => addressType === family
  return [...rotated.filter(isPreferred), ...rotated.filter((slice) => !isPreferred(slice))]
}

function pickEndpoint(
  slices: readonly Held<EndpointSlice>[],
  { name = '' }: DeepReadonly<ServicePort>,
  random: (limit: number) => number,
): ServiceAddress | undefined {
  for (const { ports = [], endpoints = [] } of slices) {
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false)
    const port = ports.find((candidate) => isNamed(candidate, name))?.port
    if (port === undefined || ready.length === 0) continue
    const [host] = ready[random(ready.length)]!.addresses
    if (host !== undefined) return { host, port }
  }
  return undefined
}

function isNamed(port: DeepReadonly<EndpointPort>, name: string): boolean {
  return (port.name ?? '') === name && port.port !== undefined
}
