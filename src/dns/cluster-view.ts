import type { Service } from '../api/types/core/v1.ts'
import type { Endpoint, EndpointSlice } from '../api/types/discovery/v1.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'

export type ServiceObject = DeepReadonly<Stored<Service>>
export type EndpointSliceObject = DeepReadonly<Stored<EndpointSlice>>

/** What names are resolved against. Each question is a lookup in an index, so an answer's cost does not grow with the cluster. */
export interface ClusterView {
  service(namespace: string, name: string): ServiceObject | undefined
  hasNamespace(name: string): boolean
  endpointSlices(namespace: string, service: string): readonly EndpointSliceObject[]
  servicesByAddress(address: string): readonly ServiceObject[]
  endpointSlicesByAddress(address: string): readonly EndpointSliceObject[]
}

/** One address of a headless Service with the name it has within the Service, and the ports it can be reached at. */
export interface HeadlessEndpoint {
  readonly hostname: string
  readonly address: string
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
}

const hasNoAddress = 'None'

export function isHeadless(service: ServiceObject): boolean {
  return service.spec?.clusterIP === hasNoAddress
}

/** Endpoints that are to be found: ready ones, or all if the Service publishes them before. Each address once. */
export function headlessEndpoints(slices: readonly EndpointSliceObject[]): HeadlessEndpoint[] {
  const byAddress = new Map<string, HeadlessEndpoint>()
  for (const { endpoints, ports } of slices) {
    const named = (ports ?? []).map(({ name = '', protocol = 'TCP', port = 0 }) => ({ name, protocol, port }))
    for (const endpoint of (endpoints ?? []).filter(isReady)) {
      for (const address of endpoint.addresses) {
        const known = byAddress.get(address)
        const hostname = endpoint.hostname ?? dashed(address)
        byAddress.set(address, { hostname, address, ports: [...(known?.ports ?? []), ...named] })
      }
    }
  }
  return [...byAddress.values()]
}

/** `10-0-0-7`, or `fd00--7`: the name of an endpoint without a hostname. CoreDNS's. */
export function dashed(address: string): string {
  return address.replaceAll(/[.:]/g, '-')
}

/** Endpoints of Services that publish unready ones come as ready. */
export function isReady({ conditions }: DeepReadonly<Endpoint>): boolean {
  return conditions?.ready !== false
}
