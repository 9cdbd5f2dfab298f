import { collide, hostPorts, noFreePorts } from '../../api/core/host-ports.ts'
import { type Plugin, unschedulable } from '../framework.ts'

/** A host port can be given away only once a node, address and protocol. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  prepare(pod) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return undefined
    const rejection = unschedulable(noFreePorts)
    return {
      filter: ({ pods }) => {
        for (const { ports } of pods.values()) {
          if (ports.some((taken) => wanted.some((port) => collide(taken, port)))) return rejection
        }
        return undefined
      },
    }
  },
}
