import { endpointSlices, nodes, services } from '../api/types/resources.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { type ApplyRules, applyWithNft } from './nft.ts'
import { renderRuleset } from './render-ruleset.ts'
import { difference, type Ruleset, wholeTable } from './ruleset.ts'
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
  const { informers, clock, log, apply = applyWithNft } = options
  const serviceCache = informers.informerFor(services)
  const sliceCache = informers.informerFor(endpointSlices)
  const nodeCache = informers.informerFor(nodes, { fieldSelector: `metadata.name=${options.nodeName}` })
  const change = new ChangeSignal()
  for (const cache of [serviceCache, sliceCache] as const) {
    cache.addHandler({ added: () => change.notify(), updated: () => change.notify(), deleted: () => change.notify() })
  }
  const ended = aborted(signal)
  await Promise.race([Promise.all([serviceCache.synced, sliceCache.synced, nodeCache.synced]), ended])
  const render = () =>
    renderRuleset(
      serviceView({
        services: serviceCache.list(),
        endpointSlices: sliceCache.list(),
        nodeName: options.nodeName,
        zone: nodeCache.get(options.nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'],
      }),
      options,
    )
  let inKernel: Ruleset | undefined
  while (!signal.aborted) {
    change.clear()
    const startedMs = clock.monotonicMs()
    const wanted = render()
    const statements = inKernel ? difference(serviceTable, inKernel, wanted) : wholeTable(serviceTable, wanted)
    try {
      if (statements !== '') await apply(statements)
      inKernel = wanted
    } catch (error) {
      log.error('service rules could not be written', { error })
      inKernel = undefined
      await clock.sleep(retryAfterMs, signal)
      continue
    }
    await Promise.race([change.next(), ended])
    await clock.sleep(startedMs + minSyncPeriodMs - clock.monotonicMs(), signal)
  }
}

/** Remembers that something changed until it is asked. */
class ChangeSignal {
  #changed = false
  #wake: (() => void) | undefined

  notify(): void {
    this.#changed = true
    this.#wake?.()
  }

  clear(): void {
    this.#changed = false
  }

  next(): Promise<void> {
    if (this.#changed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
