import type { Pod, Toleration } from '../../api/types/core/v1.ts'
import { isExtendedResource } from '../../api/validation/resources.ts'
import type { AdmissionPlugin } from './admission.ts'
import { concerns } from './refuse.ts'

/** Who asks for a device tolerates nodes that are kept for it. After plugin/pkg/admission/extendedresourcetoleration v1.36. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  handles: ['CREATE', 'UPDATE'],
  mutate(attributes) {
    if (!concerns(attributes, '', 'pods')) return
    const { spec } = attributes.object as Pod
    if (!spec) return
    const requested = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
      Object.keys(resources?.requests ?? {}),
    )
    for (const key of [...new Set(requested.filter(isExtendedResource))].sort()) {
      const wanted: Toleration = { key, operator: 'Exists', effect: 'NoSchedule' }
      if (spec.tolerations?.some((own) => isSame(own, wanted))) continue
      spec.tolerations = [...(spec.tolerations ?? []), wanted]
    }
  },
}

function isSame(left: Toleration, right: Toleration): boolean {
  return left.key === right.key && left.operator === right.operator && left.effect === right.effect && !left.value
}
