import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { isPodReady } from '../pods.ts'
import { addressesOf, canBeEndpoint, familyOf } from './pod-facts.ts'
import { hasHostname, targetPortOf } from './service-pods.ts'

/** An Endpoints object takes no more addresses; the rest is cut off. */
const maxAddresses = 1000

interface Entry {
  readonly address: EndpointAddress
  readonly ready: boolean
}

export interface SubsetsPlan {
  readonly subsets: EndpointSubset[]
  /** Whether addresses were cut off. */
  readonly truncated: boolean
}

/** The subsets of a Service: ports that have the same addresses stand together. After endpoints_controller.go. */
export function planSubsets(service: DeepReadonly<Service>, pods: readonly DeepReadonly<Pod>[]): SubsetsPlan {
  const byPort = new Map<string, { port: EndpointPort | undefined; entries: Entry[] }>()
  for (const pod of pods) {
    const entry = entryOf(service, pod)
    if (!entry) continue
    for (const port of portsOf(service, pod)) {
      const key = JSON.stringify(port ?? null)
      const group = byPort.get(key) ?? { port, entries: [] }
      byPort.set(key, group)
      group.entries.push(entry)
    }
  }
  const subsets = new Map<string, EndpointSubset>()
  for (const { port, entries } of byPort.values()) addPort(subsets, port, entries)
  return truncate([...subsets.values()])
}

function entryOf(service: DeepReadonly<Service>, pod: DeepReadonly<Pod>): Entry | undefined {
  const publishAll = service.spec?.publishNotReadyAddresses === true
  if (!canBeEndpoint(pod, publishAll)) return undefined
  const family = service.spec?.ipFamilies?.[0] ?? familyOf(service.spec?.clusterIP ?? '')
  const ip = addressesOf(pod).find((address) => familyOf(address) === family)
  if (!ip) return undefined
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {}
  const address: EndpointAddress = {
    ip,
    ...(hasHostname(pod, service) && pod.spec?.hostname ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
  return { address, ready: publishAll || isPodReady(pod) }
}

/** A headless Service may have no ports at all: its addresses still stand in DNS. */
function portsOf({ spec }: DeepReadonly<Service>, pod: DeepReadonly<Pod>): (EndpointPort | undefined)[] {
  const ports = spec?.ports ?? []
  if (ports.length === 0) return spec?.clusterIP === 'None' ? [undefined] : []
  return ports.flatMap((servicePort) => {
    const port = targetPortOf(pod, servicePort)
    if (port === undefined) return []
    const { name, protocol = 'TCP', appProtocol } = servicePort
    return [{ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) }]
  })
}

function addPort(
  subsets: Map<string, EndpointSubset>,
  port: EndpointPort | undefined,
  entries: readonly Entry[],
): void {
  const ready = sorted(entries.filter((entry) => entry.ready))
  const notReady = sorted(entries.filter((entry) => !entry.ready))
  const key = JSON.stringify([ready, notReady])
  const subset = subsets.get(key) ?? {
    ...(ready.length > 0 ? { addresses: ready } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
  }
  if (port) subset.ports = [...(subset.ports ?? []), port]
  subsets.set(key, subset)
}

function sorted(entries: readonly Entry[]): EndpointAddress[] {
  const keyOf = ({ ip, targetRef }: EndpointAddress) => `${ip} ${targetRef?.uid ?? ''}`
  return entries.map(({ address }) => address).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** Ready addresses are kept before others. */
function truncate(subsets: EndpointSubset[]): SubsetsPlan {
  const count = (list: 'addresses' | 'notReadyAddresses') =>
    subsets.reduce((sum, subset) => sum + (subset[list]?.length ?? 0), 0)
  const total = count('addresses') + count('notReadyAddresses')
  if (total <= maxAddresses) return { subsets, truncated: false }
  let room = maxAddresses
  const take = (list: EndpointAddress[] | undefined) => {
    const taken = (list ?? []).slice(0, room)
    room -= taken.length
    return taken
  }
  const ready = subsets.map(({ addresses }) => take(addresses))
  const notReady = subsets.map(({ notReadyAddresses }) => take(notReadyAddresses))
  const kept = subsets.map(({ ports }, index) => ({
    ...(ready[index]!.length > 0 ? { addresses: ready[index]! } : {}),
    ...(notReady[index]!.length > 0 ? { notReadyAddresses: notReady[index]! } : {}),
    ...(ports ? { ports } : {}),
  }))
  return { subsets: kept.filter(({ addresses, notReadyAddresses }) => addresses || notReadyAddresses), truncated: true }
}
