import { endpointSlices, nodes, serviceCIDRs, services } from '../api/types/resources.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import { untilSynced } from '../client/until-synced.ts'
import { ChangeSignal } from '../platform/change-signal.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { ApplyRules } from '../platform/nftables/nft.ts'
import { TableSync } from '../platform/nftables/table-sync.ts'
import { runProgram } from '../platform/run-program.ts'
import { HealthCheckServers } from './health-check-server.ts'
import { healthChecks } from './health-checks.ts'
import { renderRuleset } from './render-ruleset.ts'
import { type ServicePort, serviceView } from './service-view.ts'
import { forgetFlow, staleFlows, udpEndpointsDigest } from './stale-connections.ts'

/** Runs a program of the node and resolves to what it printed. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string>

export interface ProxyOptions {
  readonly informers: SharedInformers
  readonly nodeName: string
  readonly clusterCidr: string
  readonly clock: Clock
  readonly log: Logger
  readonly apply?: ApplyRules
  readonly run?: RunProgram
}

/** The table that holds all rules of ours for Services. */
export const serviceTable = 'ip kube-proxy'

/** Changes within this span share one sync; the first after a quiet time is written at once. */
const minSyncPeriodMs = 100
const retryAfterMs = 1000
const zoneLabel = 'topology.kubernetes.io/zone'

/**
 * Keeps the kernel's rules as the Services and EndpointSlices say, until `signal` aborts. The rules stay when it ends,
 * so that traffic goes on while the proxy is away. After pkg/proxy/nftables proxier.go.
 */
export async function runProxy(options: ProxyOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, apply } = options
  const cluster = watchCluster(options)
  if (!(await untilSynced([cluster], signal))) return
  const table = new TableSync({ table: serviceTable, clock, apply })
  const checks = new HealthCheckServers(log)
  let udpEndpoints = ''
  while (await cluster.change.next(signal)) {
    const startedMs = clock.monotonicMs()
    const state = cluster.state()
    const ports = serviceView(state)
    try {
      await table.sync(renderRuleset(ports, state))
      const digest = udpEndpointsDigest(ports)
      if (digest !== udpEndpoints) await forgetStaleFlows(ports, options)
      udpEndpoints = digest
      await checks.sync(healthChecks(ports))
    } catch (error) {
      log.error('service rules could not be written', { error })
      cluster.change.notify()
      await clock.sleep(retryAfterMs, signal)
    }
    await clock.sleep(startedMs + minSyncPeriodMs - clock.monotonicMs(), signal)
  }
  await checks.close()
}

/** What the rules depend on, and a signal when it changes. Of nodes only the own one's zone counts: they change often. */
function watchCluster({ informers, nodeName, clusterCidr }: ProxyOptions) {
  const serviceCache = informers.informerFor(services)
  const sliceCache = informers.informerFor(endpointSlices)
  const cidrCache = informers.informerFor(serviceCIDRs)
  const nodeCache = informers.informerFor(nodes)
  const change = new ChangeSignal()
  const handler = { added: change.notify, updated: change.notify, deleted: change.notify }
  for (const cache of [serviceCache, sliceCache, cidrCache]) cache.addHandler(handler)
  nodeCache.addHandler({
    updated: ({ metadata: { name, labels } }, previous) => {
      if (name === nodeName && labels?.[zoneLabel] !== previous.metadata.labels?.[zoneLabel]) change.notify()
    },
  })
  const caches = [serviceCache, sliceCache, cidrCache, nodeCache]
  return {
    change,
    synced: Promise.all(caches.map(({ synced }) => synced)),
    state() {
      const node = nodeCache.get(nodeName)
      return {
        services: serviceCache.list(),
        endpointSlices: sliceCache.list(),
        nodeName,
        zone: node?.metadata.labels?.[zoneLabel],
        nodeAddress: node?.status?.addresses?.find(
          ({ type, address }) => type === 'InternalIP' && address.includes('.'),
        )?.address,
        clusterCidr,
        serviceCidrs: cidrCache.list().flatMap(({ spec }) => (spec?.cidrs ?? []).filter((cidr) => cidr.includes('.'))),
      }
    },
  }
}

/** A failure costs clients of a vanished UDP endpoint some time, and is no reason to write the rules again. */
async function forgetStaleFlows(ports: readonly ServicePort[], { run = runProgram, log }: ProxyOptions): Promise<void> {
  try {
    for (const flow of staleFlows(await run('conntrack', ['-L', '-p', 'udp']), ports)) {
      await run('conntrack', forgetFlow(flow)).catch(unlessAlreadyGone)
    }
  } catch (error) {
    log.warn('connections to UDP endpoints that are gone could not be removed', { error })
  }
}

/** conntrack(8) fails when the connection has ended by itself between listing and removal. */
function unlessAlreadyGone(error: unknown): void {
  if (!(error instanceof Error) || !error.message.includes(': 0 flow entries')) throw error
}
