import type { Node } from '../../api/types/core/v1.ts'
import type { AdmissionPlugin } from './admission.ts'
import { concerns } from './refuse.ts'

const notReady = 'node.kubernetes.io/not-ready'

/** A new node takes no Pods until it has said that it is ready. After plugin/pkg/admission/nodetaint v1.36. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: ['CREATE'],
  mutate(attributes) {
    if (!concerns(attributes, '', 'nodes')) return
    const node = attributes.object as Node
    const taints = node.spec?.taints ?? []
    if (taints.some(({ key, effect }) => key === notReady && effect === 'NoSchedule')) return
    node.spec = { ...node.spec, taints: [...taints, { key: notReady, effect: 'NoSchedule' }] }
  },
}
