import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, listWithMore, nameColumn, text } from '../printing.ts'
import type { Endpoints } from '../types/core/v1.ts'
import { endpoints as ref } from '../types/resources.ts'
import { endpointsWarnings, validateEndpoints, validateEndpointsUpdate } from '../validation/endpoints.ts'

function applyDefaults({ subsets }: Endpoints): void {
  for (const { ports } of subsets ?? []) {
    for (const port of ports ?? []) port.protocol ||= 'TCP'
  }
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

function endpointsText({ subsets }: DeepReadonly<Endpoints>): string {
  if (!subsets?.length) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  )
  return listWithMore(all, 3, '')
}

export const endpoints = define(ref, {
  storagePrefix: 'services/endpoints',
  applyDefaults,
  allowCreateOnUpdate: true,
  validate: validateEndpoints,
  validateUpdate: validateEndpointsUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  warnings: endpointsWarnings,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [nameColumn, text('Endpoints', endpointsText), ageColumn],
})
