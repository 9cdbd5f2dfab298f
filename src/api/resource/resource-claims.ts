import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { resetMetadataForStatus } from '../strategy.ts'
import type { DeviceToleration, ResourceClaim, ResourceClaimSpec } from '../types/resource/v1.ts'
import { resourceClaims, resourceClaimTemplates } from '../types/resources.ts'
import {
  validateResourceClaim,
  validateResourceClaimTemplate,
  validateResourceClaimTemplateUpdate,
  validateResourceClaimUpdate,
} from '../validation/dynamic-resources/claim.ts'
import { validateResourceClaimStatus } from '../validation/dynamic-resources/claim-status.ts'
import { deviceKey } from '../validation/dynamic-resources/device-key.ts'

interface DeviceRequest {
  allocationMode?: string
  count?: number
  tolerations?: DeviceToleration[]
}

function applyTolerationDefaults(tolerations: DeviceToleration[] | undefined): void {
  for (const toleration of tolerations ?? []) toleration.operator ||= 'Equal'
}

function applyRequestDefaults(request: DeviceRequest): void {
  request.allocationMode ||= 'ExactCount'
  if (request.allocationMode === 'ExactCount') request.count ||= 1
  applyTolerationDefaults(request.tolerations)
}

function applySpecDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly) applyRequestDefaults(exactly)
    for (const request of firstAvailable ?? []) applyRequestDefaults(request)
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

function applyClaimDefaults({ spec, status }: ResourceClaim): void {
  applySpecDefaults(spec)
  for (const { tolerations } of status?.allocation?.devices?.results ?? []) applyTolerationDefaults(tolerations)
}

function allocatedKeys({ status }: DeepReadonly<ResourceClaim>): Set<string> {
  return new Set((status?.allocation?.devices?.results ?? []).map(deviceKey))
}

/** What drivers said of devices goes with their allocation. After dropDeallocatedStatusDevices. */
function dropDeallocatedDevices(draft: ResourceClaim, old: DeepReadonly<ResourceClaim>): void {
  const { status } = draft
  if (!status?.devices) return
  const kept = allocatedKeys(draft)
  const before = allocatedKeys(old)
  status.devices = status.devices.filter((device) => {
    const key = deviceKey(device)
    return kept.has(key) || !before.has(key)
  })
  if (status.devices.length === 0) delete status.devices
}

export const resourceClaim = define(resourceClaims, {
  returnsDeletedObject: true,
  applyDefaults: applyClaimDefaults,
  validate: validateResourceClaim,
  validateUpdate: validateResourceClaimUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  status: {
    resetFields: [['metadata']],
    prepareForUpdate: (draft, old) => {
      resetMetadataForStatus(draft, old)
      dropDeallocatedDevices(draft, old)
    },
    validateUpdate: validateResourceClaimStatus,
  },
  columns: [nameColumn, text<ResourceClaim>('State', stateText), ageColumn],
})

export const resourceClaimTemplate = define(resourceClaimTemplates, {
  returnsDeletedObject: true,
  applyDefaults: ({ spec }) => applySpecDefaults(spec?.spec),
  validate: validateResourceClaimTemplate,
  validateUpdate: validateResourceClaimTemplateUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  columns: [nameColumn, ageColumn],
})
