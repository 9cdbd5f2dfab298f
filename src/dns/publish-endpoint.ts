import type { EndpointSlice } from '../api/types/discovery/v1.ts'
import { endpointSlices } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import { isStatus } from '../machinery/status.ts'

export interface DnsEndpoint {
  readonly service: { readonly namespace: string; readonly name: string }
  readonly nodeName: string
  readonly address: string
  readonly port: number
}

/** Tells the cluster where this node's DNS server listens: one EndpointSlice a node, written when it starts. */
export async function publishDnsEndpoint(client: Client, endpoint: DnsEndpoint): Promise<void> {
  const slice = dnsEndpointSlice(endpoint)
  try {
    await client.of(endpointSlices).create(slice)
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error
    await client.of(endpointSlices).update(slice)
  }
}

function dnsEndpointSlice({ service, nodeName, address, port }: DnsEndpoint): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': service.name, 'endpointslice.kubernetes.io/managed-by': 'kubets-dns' }
  return {
    metadata: { name: `${service.name}-${nodeName}`, namespace: service.namespace, labels },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], nodeName, conditions: { ready: true, serving: true, terminating: false } }],
    ports: [
      { name: 'dns', protocol: 'UDP', port },
      { name: 'dns-tcp', protocol: 'TCP', port },
    ],
  }
}
