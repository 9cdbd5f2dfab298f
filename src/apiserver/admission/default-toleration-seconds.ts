import type { Pod, Toleration } from '../../api/types/core/v1.ts'
import type { AdmissionPlugin } from './admission.ts'
import { concerns } from './refuse.ts'

const troubles = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

/** How long Pods stay on a node in trouble. Upstream's --default-not-ready-toleration-seconds. */
const tolerationSeconds = 300

/** After plugin/pkg/admission/defaulttolerationseconds v1.36. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: ['CREATE', 'UPDATE'],
  mutate(attributes) {
    if (!concerns(attributes, '', 'pods')) return
    const { spec } = attributes.object as Pod
    if (!spec) return
    const added = troubles.filter((key) => !spec.tolerations?.some((toleration) => tolerates(toleration, key)))
    if (added.length === 0) return
    const tolerations = added.map(
      (key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }),
    )
    spec.tolerations = [...(spec.tolerations ?? []), ...tolerations]
  },
}

function tolerates({ key, effect }: Toleration, trouble: string): boolean {
  return (!key || key === trouble) && (!effect || effect === 'NoExecute')
}
