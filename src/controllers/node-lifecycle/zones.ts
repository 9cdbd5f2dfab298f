import type { Node } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { readyCondition } from './node-health.ts'

/** Upstream's --node-eviction-rate, --secondary-node-eviction-rate, --unhealthy-zone-threshold, --large-cluster-size-threshold. */
const evictionsPerSecond = 0.1
const secondaryEvictionsPerSecond = 0.01
const unhealthyThreshold = 0.55
const largeClusterSize = 50

const exclusionLabel = 'node.kubernetes.io/exclude-disruption'

export interface ZoneVerdict {
  /** How many nodes a second may be tainted NoExecute in each zone. */
  readonly ratePerSecond: ReadonlyMap<string, number>
  /** No node of the cluster answers: more likely it is us that are cut off, so nobody is evicted. */
  readonly everythingIsDown: boolean
}

/** After component-helpers node/topology GetZoneKey. */
export function zoneOf({ metadata }: DeepReadonly<Node>): string {
  const labels = metadata?.labels ?? {}
  const region = labels['topology.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? ''
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`
}

/** After node_lifecycle_controller.go ComputeZoneState and handleDisruption. */
export function judgeZones(nodes: readonly DeepReadonly<Node>[]): ZoneVerdict {
  const zones = Map.groupBy(
    nodes.filter(({ metadata }) => metadata?.labels?.[exclusionLabel] === undefined),
    zoneOf,
  )
  const ratePerSecond = new Map<string, number>()
  let everythingIsDown = zones.size > 0
  for (const [zone, members] of zones) {
    const ready = members.filter((node) => readyCondition(node)?.status === 'True').length
    const notReady = members.length - ready
    const isDown = ready === 0 && notReady > 0
    if (!isDown) everythingIsDown = false
    const isPartlyDown = !isDown && notReady > 2 && notReady / members.length >= unhealthyThreshold
    ratePerSecond.set(zone, isPartlyDown ? partialRate(members.length) : evictionsPerSecond)
  }
  return { ratePerSecond, everythingIsDown }
}

function partialRate(size: number): number {
  return size > largeClusterSize ? secondaryEvictionsPerSecond : 0
}
