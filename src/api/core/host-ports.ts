import type { DeepReadonly } from '../../machinery/object.ts'
import type { Pod } from '../types/core/v1.ts'

/** A port of the node that a container takes. */
export interface HostPort {
  readonly address: string
  readonly protocol: string
  readonly port: number
}

/** Why a node does not take a Pod whose ports are given away. After scheduler plugins/nodeports. */
export const noFreePorts = "node(s) didn't have free ports for the requested pod ports"

/** The ports of the node that a Pod's containers take, sidecars included. */
export function hostPorts({ spec }: DeepReadonly<Pod>): HostPort[] {
  const { containers = [], initContainers = [] } = spec ?? {}
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...containers, ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
    .map(({ hostIP, protocol = 'TCP', hostPort }) => ({ address: hostIP || '0.0.0.0', protocol, port: hostPort! }))
}

const everyAddress = new Set(['0.0.0.0', '::'])

/** Whether two containers cannot have both: a host port can be given away only once an address and protocol. */
export function collide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.address === b.address || everyAddress.has(a.address) || everyAddress.has(b.address)
}
