import { type HostPort, hostPorts } from '../cache.ts'
import { type Plugin, unschedulable } from '../framework.ts'

/** A host port can be given away only once a node, address and protocol. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  prepare(pod) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return undefined
    const rejection = unschedulable("node(s) didn't have free ports for the requested pod ports")
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

const everyAddress = new Set(['0.0.0.0', '::'])

function collide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.address === b.address || everyAddress.has(a.address) || everyAddress.has(b.address)
}
