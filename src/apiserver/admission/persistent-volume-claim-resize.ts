import type { PersistentVolumeClaim } from '../../api/types/core/v1.ts'
import { storageClasses } from '../../api/types/resources.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { milliOf } from '../../machinery/quantity.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

const unsupported =
  'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'

/** A claim grows only where its class can. After plugin/pkg/admission/storage/persistentvolume/resize v1.36. */
export function persistentVolumeClaimResize(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    handles: ['UPDATE'],
    validate(attributes) {
      if (!concerns(attributes, '', 'persistentvolumeclaims')) return
      const claim = attributes.object as PersistentVolumeClaim
      const old = attributes.oldObject as DeepReadonly<PersistentVolumeClaim>
      if (storageOf(claim) <= storageOf(old)) return
      if (old.status?.phase !== 'Bound') throw refuse(attributes, 'Only bound persistent volume claims can be expanded')
      const className =
        claim.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName
      const allowed = className ? reader.get(storageClasses, className)?.allowVolumeExpansion : false
      if (!allowed) throw refuse(attributes, unsupported)
    },
  }
}

function storageOf({ spec }: DeepReadonly<PersistentVolumeClaim>): bigint {
  return milliOf(spec?.resources?.requests?.storage ?? '0')
}
