import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { resetMetadataForStatus } from '../strategy.ts'
import type { IPAddress } from '../types/networking/v1.ts'
import { ipAddresses, serviceCIDRs } from '../types/resources.ts'
import {
  ipAddressNameErrors,
  validateIPAddress,
  validateIPAddressUpdate,
  validateServiceCIDR,
  validateServiceCIDRUpdate,
} from '../validation/ip-address.ts'

function parentText({ spec }: DeepReadonly<IPAddress>): string {
  if (!spec?.parentRef) return '<none>'
  const { group, resource, namespace, name } = spec.parentRef
  const what = (group ? `${resource}.${group}` : (resource ?? '')).toLowerCase()
  return [what, ...(namespace ? [namespace] : []), name].join('/')
}

export const ipAddress = define(ipAddresses, {
  validateName: ipAddressNameErrors,
  validate: validateIPAddress,
  validateUpdate: validateIPAddressUpdate,
  metadataChecksOnUpdate: ['whole', 'own', 'change'],
  columns: [nameColumn, text<IPAddress>('ParentRef', parentText)],
})

export const serviceCIDR = define(serviceCIDRs, {
  validate: validateServiceCIDR,
  validateUpdate: validateServiceCIDRUpdate,
  status: { resetFields: [['metadata']], prepareForUpdate: resetMetadataForStatus },
  columns: [nameColumn, text('CIDRs', (object) => (object.spec?.cidrs ?? []).join(',')), ageColumn],
})
