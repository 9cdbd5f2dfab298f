import { isIP, isIPv6 } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { EndpointAddress, Endpoints, EndpointPort as EndpointsPort } from '../../api/types/core/v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/types/discovery/v1.ts'
import type { DeepReadonly, Stored } from '../../machinery/object.ts'
import { managedByLabel, portsKey, type SlicesPlan, serviceNameLabel } from './plan-endpoint-slices.ts'

export const mirroredBy = 'endpointslicemirroring-controller.k8s.io'
/** Upstream's --mirroring-max-endpoints-per-subset. */
export const maxAddresses = 1000

/** Endpoints' own bookkeeping, which is not handed down. */
const notCopied: ReadonlySet<string> = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
])

export interface MirrorPlan extends SlicesPlan {
  readonly invalidAddresses: number
  /** Beyond the most that are mirrored. */
  readonly skippedAddresses: number
}

type ReadonlyEndpoints = DeepReadonly<Stored<Endpoints>>
type ReadonlySlice = DeepReadonly<Stored<EndpointSlice>>

/** Addresses of one family that listen on the same ports: what one slice holds. */
interface Group {
  readonly addressType: 'IPv4' | 'IPv6'
  readonly ports: EndpointPort[]
  readonly endpoints: Endpoint[]
}

/** The slices that say the same as Endpoints somebody writes. Pure. After endpointslicemirroring/reconciler.go v1.36. */
export function planMirroredSlices(endpoints: ReadonlyEndpoints, existing: readonly ReadonlySlice[]): MirrorPlan {
  const { groups, invalidAddresses, skippedAddresses } = groupsOf(endpoints)
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  const left = Map.groupBy(existing, ({ addressType, ports = [] }) => groupKey(addressType, ports))
  const surplus: ReadonlySlice[] = []
  for (const [key, group] of groups) {
    const [reused, ...others] = left.get(key) ?? []
    left.delete(key)
    surplus.push(...others)
    const wanted = mirroredSlice(endpoints, group, reused)
    if (!reused) create.push(wanted)
    else if (!saysTheSame(reused, wanted)) update.push(wanted)
  }
  surplus.push(...[...left.values()].flat())
  const fresh: EndpointSlice[] = []
  for (const slice of create) {
    // Rather than to delete one slice and create another, the first becomes the second.
    const at = surplus.findIndex(({ addressType }) => addressType === slice.addressType)
    if (at < 0) fresh.push(slice)
    else update.push(renamed(slice, surplus.splice(at, 1)[0]!))
  }
  return { create: fresh, update, delete: surplus, invalidAddresses, skippedAddresses }
}

interface Groups {
  readonly groups: ReadonlyMap<string, Group>
  readonly invalidAddresses: number
  readonly skippedAddresses: number
}

function groupsOf({ subsets = [] }: ReadonlyEndpoints): Groups {
  const groups = new Map<string, Group>()
  let invalidAddresses = 0
  let skippedAddresses = 0
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ]
    const valid = all.filter(({ address }) => isIP(address.ip) !== 0)
    invalidAddresses += all.length - valid.length
    skippedAddresses += Math.max(0, valid.length - maxAddresses)
    for (const { address, ready } of valid.slice(0, maxAddresses)) {
      const addressType = isIPv6(address.ip) ? 'IPv6' : 'IPv4'
      const slicePorts = ports.map(slicePort)
      const key = groupKey(addressType, slicePorts)
      const group = groups.get(key) ?? { addressType, ports: slicePorts, endpoints: [] }
      groups.set(key, group)
      group.endpoints.push(mirroredEndpoint(address, ready))
    }
  }
  return { groups, invalidAddresses, skippedAddresses }
}

function slicePort({ name = '', port, protocol, appProtocol }: DeepReadonly<EndpointsPort>): EndpointPort {
  return { name, port, ...(protocol && { protocol }), ...(appProtocol && { appProtocol }) }
}

function groupKey(addressType: string, ports: readonly DeepReadonly<EndpointPort>[]): string {
  return `${addressType} ${portsKey(ports)}`
}

function mirroredEndpoint(
  { ip, hostname, nodeName, targetRef }: DeepReadonly<EndpointAddress>,
  ready: boolean,
): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef: { ...targetRef } }),
  }
}

function mirroredSlice(endpoints: ReadonlyEndpoints, group: Group, reused: ReadonlySlice | undefined): EndpointSlice {
  const { name, namespace = '', uid, labels, annotations = {} } = endpoints.metadata
  const kept = Object.entries(annotations).filter(([key]) => !notCopied.has(key))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...(reused ? nameOf(reused) : { generateName: `${name}-` }),
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirroredBy },
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: group.addressType,
    ports: group.ports,
    endpoints: group.endpoints,
  }
}

function nameOf({ metadata: { name, resourceVersion } }: ReadonlySlice) {
  return { name, resourceVersion }
}

function renamed(slice: EndpointSlice, surplus: ReadonlySlice): EndpointSlice {
  const { generateName: _, ...metadata } = slice.metadata ?? {}
  return { ...slice, metadata: { ...metadata, ...nameOf(surplus) } }
}

/** The order of endpoints says nothing. */
function saysTheSame(slice: ReadonlySlice, wanted: EndpointSlice): boolean {
  const said = ({ metadata = {}, endpoints = [] }: DeepReadonly<EndpointSlice>) => ({
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    owners: metadata.ownerReferences?.map(({ uid }) => uid),
    endpoints: endpoints.map(endpointText).sort(),
  })
  return isDeepStrictEqual(said(slice), said(wanted))
}

function endpointText({ addresses, conditions, hostname, nodeName, targetRef }: DeepReadonly<Endpoint>): string {
  const { kind, namespace, name, uid } = targetRef ?? {}
  return JSON.stringify([addresses, conditions?.ready, hostname, nodeName, kind, namespace, name, uid])
}
