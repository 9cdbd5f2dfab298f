import ipaddr from 'ipaddr.js'
import type { Condition } from '../api/types/meta/v1.ts'
import type { IPAddress, ServiceCIDR } from '../api/types/networking/v1.ts'
import { ipAddresses, serviceCIDRs } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { Cached } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { formatTime } from '../machinery/time.ts'
import { type Controller, watch } from './controller.ts'

const finalizer = 'networking.k8s.io/service-cidr-finalizer'
const controllerName = 'service-cidr-controller'
/** So long an API server may not have heard of a deletion, and give out another address. */
const deletionGraceMs = 10_000

type Network = DeepReadonly<ServiceCIDR>

/**
 * Says that a network of Services is ready, and holds it as long as addresses depend on it.
 * After pkg/controller/servicecidrs v1.36.
 */
export const serviceCidrs: Controller = {
  name: controllerName,
  serviceAccount: 'service-cidrs-controller',
  create: ({ client, informers, clock }) => {
    const networks = informers.informerFor(serviceCIDRs)
    const addresses = informers.informerFor(ipAddresses, {
      labelSelector: 'ipaddress.kubernetes.io/managed-by=ipallocator.k8s.io',
    })
    return {
      watches: [
        watch(networks, ({ object, type }) =>
          type === 'updated'
            ? [object.metadata.name]
            : namesOf(networks.list().filter((each) => overlap(each, object))),
        ),
        watch(addresses, ({ object, type }) =>
          type === 'updated' ? [] : namesOf(networks.list().filter((each) => containsAddress(each, object))),
        ),
      ],
      async reconcile(key) {
        const network = networks.get(key)
        if (!network) return undefined
        const { deletionTimestamp } = network.metadata
        if (!deletionTimestamp) {
          await hold(client, network)
          await setReady(client, network, ready, clock.nowMs())
          return undefined
        }
        if (isNeeded(network, networks.list(), addresses.list())) {
          await setReady(client, network, terminating, clock.nowMs())
          return undefined
        }
        const waitMs = Date.parse(deletionTimestamp) + deletionGraceMs - clock.nowMs()
        if (waitMs > 0) return { requeueAfterMs: waitMs }
        await letGo(client, network)
        return undefined
      },
    }
  },
}

/** Whether addresses would be left that no other network contains. */
export function isNeeded(
  network: Network,
  all: readonly Network[],
  addresses: readonly DeepReadonly<IPAddress>[],
): boolean {
  const others = all.filter((each) => each.metadata?.name !== network.metadata?.name)
  const cidrs = network.spec?.cidrs ?? []
  if (cidrs.every((cidr) => others.some((other) => rangesOf(other).some((range) => containsRange(range, cidr)))))
    return false
  return addresses.some(
    (address) => containsAddress(network, address) && !others.some((other) => containsAddress(other, address)),
  )
}

type Range = ReturnType<typeof ipaddr.parseCIDR>

function rangesOf({ spec }: Network): Range[] {
  return (spec?.cidrs ?? []).filter((cidr) => ipaddr.isValidCIDR(cidr)).map((cidr) => ipaddr.parseCIDR(cidr))
}

function containsAddress(network: Network, { metadata }: DeepReadonly<IPAddress>): boolean {
  const text = metadata?.name ?? ''
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.parse(text)
  return rangesOf(network).some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))
}

function containsRange([base, bits]: Range, cidr: string): boolean {
  const [inner, innerBits] = ipaddr.parseCIDR(cidr)
  return base.kind() === inner.kind() && bits <= innerBits && inner.match(base, bits)
}

function overlap(a: Network, b: Network): boolean {
  const within = (outer: Network, inner: Network) =>
    rangesOf(outer).some((range) => (inner.spec?.cidrs ?? []).some((cidr) => containsRange(range, cidr)))
  return a.metadata?.name === b.metadata?.name || within(a, b) || within(b, a)
}

const namesOf = (networks: readonly Cached<ServiceCIDR>[]) => networks.map(({ metadata }) => metadata.name)

async function hold(client: Client, network: Cached<ServiceCIDR>): Promise<void> {
  const { finalizers = [], name } = network.metadata
  if (finalizers.includes(finalizer)) return
  await client.of(serviceCIDRs).patch(name, { metadata: { finalizers: [finalizer] } }, { type: 'strategic' })
}

async function letGo(client: Client, network: Cached<ServiceCIDR>): Promise<void> {
  const { finalizers = [], name } = network.metadata
  if (!finalizers.includes(finalizer)) return
  const body = { metadata: { '$deleteFromPrimitiveList/finalizers': [finalizer] } }
  await client.of(serviceCIDRs).patch(name, body, { type: 'strategic' })
}

type Said = Pick<Condition, 'status' | 'reason' | 'message'>

const ready: Said = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }
const terminating: Said = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
}

async function setReady(client: Client, network: Cached<ServiceCIDR>, said: Said, nowMs: number): Promise<void> {
  const current = network.status?.conditions?.find(({ type }) => type === 'Ready')
  const { status, reason, message } = said
  if (current?.status === status && (current.reason ?? '') === reason && current.message === message) return
  const condition = { type: 'Ready', ...said, lastTransitionTime: formatTime(nowMs) }
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: network.metadata.name },
    status: { conditions: [condition] },
  }
  await client.of(serviceCIDRs).patch(network.metadata.name, body, {
    type: 'apply',
    subresource: 'status',
    fieldManager: controllerName,
    force: true,
  })
}
