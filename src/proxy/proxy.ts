import { endpointSlices, nodes, services } from '../api/types/resources.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import { ChangeSignal } from '../platform/change-signal.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { ApplyRules } from '../platform/nftables/nft.ts'
import { TableSync } from '../platform/nftables/table-sync.ts'
import { renderRuleset } from './render-ruleset.ts'
import { serviceView } from './service-view.ts'

export interface ProxyOptions {
  readonly informers: SharedInformers
  readonly nodeName: string
  readonly clusterCidr: string
  readonly clock: Clock
  readonly log: Logger
  readonly apply?: ApplyRules
}

/** The table that holds all rules of ours for Services. */
export const serviceTable = 'ip kube-proxy'

/** Changes within this span share one sync; the first after a quiet time is written at once. */
const minSyncPeriodMs = 100
const retryAfterMs = 1000

/**
 * Keeps the kernel's rules as the Services and EndpointSlices say, until `signal` aborts. The rules stay when it ends,
 * so that traffic goes on while the proxy is away. After pkg/proxy/nftables proxier.go.
 */
export async function runProxy(options: ProxyOptions, signal: AbortSignal): Promise<void> {
  const { informers, nodeName, clock, log, apply } = options
  const serviceCache = informers.informerFor(services)
  const sliceCache = informers.informerFor(endpointSlices)
  const nodeCache = informers.informerFor(nodes)
  const change = new ChangeSignal()
  const handler = { added: change.notify, updated: change.notify, deleted: change.notify }
  serviceCache.addHandler(handler)
  sliceCache.addHandler(handler)
  await Promise.all([serviceCache.synced, sliceCache.synced, nodeCache.synced])
  const table = new TableSync(serviceTable, apply)
  while (await change.next(signal)) {
    const startedMs = clock.monotonicMs()
    const zone = nodeCache.get(nodeName)?.metadata.labels?.['topology.kubernetes.io/zone']
    const ports = serviceView({ services: serviceCache.list(), endpointSlices: sliceCache.list(), nodeName, zone })
    try {
      await table.sync(renderRuleset(ports, options))
    } catch (error) {
      log.error('service rules could not be written', { error })
      change.notify()
      await clock.sleep(retryAfterMs, signal)
    }
    await clock.sleep(startedMs + minSyncPeriodMs - clock.monotonicMs(), signal)
  }
}
