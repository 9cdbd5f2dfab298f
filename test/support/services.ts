import type { ServiceSpec } from '../../src/api/types/core/v1.ts'
import type { Endpoint, EndpointPort } from '../../src/api/types/discovery/v1.ts'
import type { ObjectMeta } from '../../src/machinery/object.ts'
import type { EndpointSliceObject } from '../../src/proxy/endpoints.ts'
import type { ServiceObject } from '../../src/proxy/service-view.ts'

type ServiceParts = ServiceSpec & { metadata?: Partial<ObjectMeta>; ingress?: { ip: string; ipMode?: string }[] }

/** A Service `default/<name>` at 10.96.0.10 with the TCP port 80 named `http`, unless told otherwise. */
export function buildService(name: string, { metadata, ingress, ...spec }: ServiceParts = {}): ServiceObject {
  const clusterIP = spec.clusterIP ?? '10.96.0.10'
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', ...metadata },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      ...spec,
    },
    ...(ingress && { status: { loadBalancer: { ingress } } }),
  }
}

interface SliceParts {
  readonly ports?: EndpointPort[]
  readonly metadata?: Partial<ObjectMeta>
  readonly addressType?: string
}

/** Endpoints of a Service in `default`, at the TCP port 8080 named `http` unless told otherwise. */
export function buildSlice(
  service: string,
  endpoints: (string | Endpoint)[],
  { ports = [{ name: 'http', protocol: 'TCP', port: 8080 }], metadata, addressType = 'IPv4' }: SliceParts = {},
): EndpointSliceObject {
  const labels = { 'kubernetes.io/service-name': service }
  return {
    metadata: { name: `${service}-1`, namespace: 'default', uid: service, resourceVersion: '1', labels, ...metadata },
    addressType,
    endpoints: endpoints.map((each) => (typeof each === 'string' ? { addresses: [each] } : each)),
    ports,
  }
}
