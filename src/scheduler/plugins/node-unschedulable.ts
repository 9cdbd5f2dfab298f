import { toleratesTaint } from '../../api/core/tolerations.ts'
import { type Plugin, unresolvable } from '../framework.ts'

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** Keeps Pods off cordoned nodes, unless they tolerate it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  prepare(pod) {
    if (toleratesTaint(pod.spec?.tolerations, unschedulableTaint)) return undefined
    const rejection = unresolvable('node(s) were unschedulable')
    return { filter: ({ unschedulable }) => (unschedulable ? rejection : undefined) }
  },
}
