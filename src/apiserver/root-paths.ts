import type { HealthChecks } from './health/health.ts'
import type { ResourceRegistry } from './registry.ts'

const always = [
  '/.well-known/openid-configuration',
  '/api',
  '/apis',
  '/apis/',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/version',
]

/** The paths that `/` lists: all documents, versions and health checks there are. */
export function rootPaths(registry: ResourceRegistry, checks: HealthChecks): string[] {
  const paths = new Set(always)
  for (const { group, version } of registry.all()) {
    if (group !== '') paths.add(`/apis/${group}`)
    paths.add(group === '' ? `/api/${version}` : `/apis/${group}/${version}`)
  }
  for (const root of ['healthz', 'livez', 'readyz'] as const) {
    paths.add(`/${root}`)
    for (const { name } of checks[root]) paths.add(`/${root}/${name}`)
  }
  return [...paths]
}
