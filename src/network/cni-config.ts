import { join } from 'node:path'

export interface CniOptions {
  /** Addresses of this node's Pods, such as 10.244.1.0/24. */
  readonly podCidr: string
  /** Where the addresses given away are remembered over restarts. */
  readonly stateDirectory: string
  readonly mtu: number
}

/**
 * The network of a Pod for the standard CNI plugins: a veth pair whose host end is routed (`ptp`), so that traffic
 * between two Pods of a node passes the host's rules without bridge-netfilter. Masquerading and host ports are rules
 * of ours: the plugins for them need iptables.
 */
export function renderCniConfig({ podCidr, stateDirectory, mtu }: CniOptions): string {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: podCidr }]],
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: join(stateDirectory, 'addresses'),
  }
  const config = { cniVersion: '0.4.0', name: 'kubets', plugins: [{ type: 'ptp', ipMasq: false, mtu, ipam }] }
  return `${JSON.stringify(config, undefined, 2)}\n`
}
