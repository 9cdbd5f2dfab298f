import type { PersistentVolumeClaim } from '../../api/types/core/v1.ts'
import { storageClasses } from '../../api/types/resources.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts'
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
      if (storageOf(claim).compare(storageOf(old)) <= 0) return
      if (old.status?.phase !== 'Bound') throw refuse(attributes, 'Only bound persistent volume claims can be expanded')
      const className = classOf(claim)
      const isSame = className !== '' && className === classOf(old)
      if (!isSame || !reader.get(storageClasses, className)?.allowVolumeExpansion) throw refuse(attributes, unsupported)
    },
  }
}

function storageOf({ spec }: DeepReadonly<PersistentVolumeClaim>): Quantity {
  return parseQuantity(spec?.resources?.requests?.storage ?? '0')
}

/** The annotation is from before there was a field. */
function classOf({ metadata, spec }: DeepReadonly<PersistentVolumeClaim>): string {
  return metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''
}
