import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Node, Pod } from '../api/types/core/v1.ts'
import type { Informer } from '../client/informer.ts'
import { untilSynced } from '../client/until-synced.ts'
import { ChangeSignal } from '../platform/change-signal.ts'
import type { Clock } from '../platform/clock.ts'
import { readFileIfThere, writeFileAtomically } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import type { ApplyRules } from '../platform/nftables/nft.ts'
import { TableSync } from '../platform/nftables/table-sync.ts'
import { runProgram } from '../platform/run-program.ts'
import { renderCniConfig } from './cni-config.ts'
import { networkTable, renderHostRules } from './host-rules.ts'
import { type NodeRoute, nodeRoutes, routeChanges, routesThere } from './node-routes.ts'

export interface NetworkOptions {
  readonly nodeName: string
  /** Pods of this node. */
  readonly pods: Informer<Pod>
  /** All nodes. */
  readonly nodes: Informer<Node>
  readonly clusterCidr: string
  readonly dnsPort: number
  /** Where containerd looks for the CNI configuration. */
  readonly cniConfDirectory: string
  readonly stateDirectory: string
  readonly mtu: number
  readonly clock: Clock
  readonly log: Logger
  readonly apply?: ApplyRules
  /** Runs a program of the node and resolves to what it printed. */
  readonly run?: (program: string, args: readonly string[]) => Promise<string>
  /** The kernel's switch that lets packets through. */
  readonly ipForwardFile?: string
}

const retryAfterMs = 1000

/**
 * The node's part of the Pod network, until `signal` aborts: forwarding, the CNI configuration as soon as the node has
 * its Pod addresses, routes to other nodes, masquerading and host ports. All of it stays when it ends.
 */
export async function runNetwork(options: NetworkOptions, signal: AbortSignal): Promise<void> {
  const { pods, nodes, clock, log, apply, run = runProgram } = options
  const change = new ChangeSignal()
  const handler = { added: change.notify, updated: change.notify, deleted: change.notify }
  pods.addHandler(handler)
  nodes.addHandler(handler)
  if (!(await untilSynced([pods, nodes], signal))) return
  const table = new TableSync({ table: networkTable, clock, apply })
  let routes: readonly NodeRoute[] | undefined
  writeFileSync(options.ipForwardFile ?? '/proc/sys/net/ipv4/ip_forward', '1\n')
  while (await change.next(signal)) {
    const podCidr = nodes.get(options.nodeName)?.spec?.podCIDR
    if (!podCidr) continue
    try {
      writeCniConfig(podCidr, options)
      await table.sync(renderHostRules(pods.list(), { ...options, podCidr }))
      const wanted = nodeRoutes(nodes.list(), options.nodeName)
      routes ??= routesThere(await run('ip', ['-j', 'route', 'show', 'root', options.clusterCidr]))
      for (const args of routeChanges(routes, wanted)) await run('ip', args)
      routes = wanted
    } catch (error) {
      log.error('the pod network could not be set up', { error })
      routes = undefined // Some of the changes may have been made.
      change.notify()
      await clock.sleep(retryAfterMs, signal)
    }
  }
}

/** Only when it differs: containerd reads the folder again at every change. */
function writeCniConfig(podCidr: string, { cniConfDirectory, stateDirectory, mtu }: NetworkOptions): void {
  const path = join(cniConfDirectory, '10-kubets.conflist')
  const wanted = renderCniConfig({ podCidr, stateDirectory, mtu })
  if (readFileIfThere(path) !== wanted) writeFileAtomically(path, wanted)
}
