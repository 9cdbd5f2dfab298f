import type { Service } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

/** Addresses that a Service claims for itself may go but not come. After plugin/pkg/admission/network/denyserviceexternalips v1.36. */
export const denyServiceExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: ['CREATE', 'UPDATE'],
  validate(attributes) {
    if (!concerns(attributes, '', 'services')) return
    const before = (attributes.oldObject as DeepReadonly<Service> | undefined)?.spec?.externalIPs ?? []
    const wanted = (attributes.object as Service).spec?.externalIPs ?? []
    if (wanted.every((address) => before.includes(address))) return
    throw refuse(attributes, 'Use of external IPs is denied by admission control')
  },
}
