import type { KubeObject } from '../../machinery/object.ts'
import type { AdmissionPlugin } from './admission.ts'

const finalizers: Readonly<Record<string, string>> = {
  '/persistentvolumeclaims': 'kubernetes.io/pvc-protection',
  '/persistentvolumes': 'kubernetes.io/pv-protection',
  'storage.k8s.io/volumeattributesclasses': 'kubernetes.io/vac-protection',
}

/** Storage in use is not deleted under its user. After plugin/pkg/admission/storage/storageobjectinuseprotection v1.36. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ['CREATE'],
  mutate({ definition, subresource, object }) {
    const finalizer = finalizers[`${definition.group}/${definition.plural}`]
    if (finalizer && subresource === '' && object) addFinalizer(object, finalizer)
  },
}

function addFinalizer(object: KubeObject, finalizer: string): void {
  object.metadata ??= {}
  if (object.metadata.finalizers?.includes(finalizer)) return
  object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer]
}
