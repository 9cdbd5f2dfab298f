import type { Pod } from '../../api/types/core/v1.ts'
import type { AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

const hostname = 'kubernetes.io/hostname'

/** Nobody keeps others out of a whole zone. After plugin/pkg/admission/antiaffinity v1.36. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: ['CREATE', 'UPDATE'],
  validate(attributes) {
    if (!concerns(attributes, '', 'pods')) return
    const { podAntiAffinity } = (attributes.object as Pod).spec?.affinity ?? {}
    for (const { topologyKey } of podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
      if (topologyKey === hostname) continue
      const only = `but only key ${hostname} is allowed`
      throw refuse(
        attributes,
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} ${only}`,
      )
    }
  },
}
