import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { resetMetadataForStatus } from '../strategy.ts'
import type { ResourceClaim, ResourceClaimSpec } from '../types/resource/v1.ts'
import { resourceClaims, resourceClaimTemplates } from '../types/resources.ts'

interface DeviceCount {
  allocationMode?: string
  count?: number
}

function applyCountDefaults(request: DeviceCount): void {
  request.allocationMode ||= 'ExactCount'
  if (request.allocationMode === 'ExactCount') request.count ||= 1
}

function applySpecDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly) applyCountDefaults(exactly)
    for (const request of firstAvailable ?? []) applyCountDefaults(request)
  }
}

function stateText({ metadata, status }: DeepReadonly<ResourceClaim>): string {
  const states: string[] = []
  if (metadata?.deletionTimestamp) states.push('deleted')
  if (status?.allocation) states.push('allocated')
  else if (!metadata?.deletionTimestamp) states.push('pending')
  if (status?.allocation && status.reservedFor?.length) states.push('reserved')
  return states.join(',')
}

export const resourceClaim = define(resourceClaims, {
  returnsDeletedObject: true,
  applyDefaults: ({ spec }) => applySpecDefaults(spec),
  status: { prepareForUpdate: resetMetadataForStatus },
  columns: [nameColumn, text<ResourceClaim>('State', stateText), ageColumn],
})

export const resourceClaimTemplate = define(resourceClaimTemplates, {
  returnsDeletedObject: true,
  applyDefaults: ({ spec }) => applySpecDefaults(spec?.spec),
  columns: [nameColumn, ageColumn],
})
