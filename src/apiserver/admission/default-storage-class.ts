import type { PersistentVolumeClaim } from '../../api/types/core/v1.ts'
import { storageClasses } from '../../api/types/resources.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionPlugin } from './admission.ts'
import { newestDefault } from './newest-default.ts'
import { concerns } from './refuse.ts'

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** After plugin/pkg/admission/storage/storageclass/setdefault v1.36. */
export function defaultStorageClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: ['CREATE'],
    mutate(attributes) {
      if (!concerns(attributes, '', 'persistentvolumeclaims')) return
      const claim = attributes.object as PersistentVolumeClaim
      if (claim.metadata?.annotations?.[classAnnotation] !== undefined) return
      if (claim.spec?.storageClassName !== undefined && claim.spec.storageClassName !== null) return
      const found = newestDefault(reader.list(storageClasses), defaultAnnotations)
      if (found) claim.spec = { ...claim.spec, storageClassName: found.metadata.name }
    },
  }
}
