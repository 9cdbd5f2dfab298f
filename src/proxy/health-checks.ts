import type { HealthCheck } from './health-check-server.ts'
import type { ServicePort } from './service-view.ts'

/** Services that ask for a health check, with the number of addresses ready on this node. Pure. */
export function healthChecks(ports: readonly ServicePort[]): HealthCheck[] {
  const addresses = new Map<string, Set<string>>()
  const checks = new Map<string, Omit<HealthCheck, 'localEndpoints'>>()
  for (const { name, healthCheckNodePort, readyHere } of ports) {
    if (healthCheckNodePort === undefined) continue
    const [service = ''] = name.split(':')
    const [namespace = '', serviceName = ''] = service.split('/')
    checks.set(service, { port: healthCheckNodePort, namespace, name: serviceName })
    addresses.set(service, new Set([...(addresses.get(service) ?? []), ...readyHere.map(({ address }) => address)]))
  }
  return [...checks].map(([service, check]) => ({ ...check, localEndpoints: addresses.get(service)?.size ?? 0 }))
}
