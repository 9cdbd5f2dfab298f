import type { DeepReadonly } from '../../machinery/object.ts'
import type { ServiceSpec } from '../types/core/v1.ts'

/** How a Service can be reached. After pkg/api/service util.go. */

type Spec = DeepReadonly<ServiceSpec>

export const noClusterIp = 'None'

export function isHeadless({ clusterIPs }: Spec): boolean {
  return clusterIPs?.length === 1 && clusterIPs[0] === noClusterIp
}

export function isExternallyAccessible({ type, externalIPs }: Spec): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0)
}

export function needsHealthCheckNodePort({ type, externalTrafficPolicy }: Spec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}
