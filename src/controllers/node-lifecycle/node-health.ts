import type { Node, NodeCondition } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'

/** How long a node may be silent. Upstream's --node-monitor-grace-period and --node-startup-grace-period. */
const gracePeriodMs = 50_000
const startupGracePeriodMs = 60_000

/** What the controller remembers of a node: by its own clock, since clocks of nodes differ. */
export interface NodeHealth {
  readonly heartbeat: string | undefined
  readonly renewTime: string | undefined
  /** When a sign of life was last noticed. */
  readonly seenMs: number
}

export interface NodeHealthView {
  readonly node: DeepReadonly<Node>
  /** `spec.renewTime` of the node's Lease. */
  readonly renewTime: string | undefined
  readonly health: NodeHealth | undefined
  readonly nowMs: number
}

export interface NodeHealthPlan {
  readonly health: NodeHealth
  /** The conditions to write, when the node has fallen silent. */
  readonly conditions?: NodeCondition[]
}

/** After node_lifecycle_controller.go tryUpdateNodeHealth. */
export function planNodeHealth({ node, renewTime, health, nowMs }: NodeHealthView): NodeHealthPlan {
  const ready = readyCondition(node)
  const next = notice({ node, renewTime, health, nowMs })
  const graceMs = ready ? gracePeriodMs : startupGracePeriodMs
  if (nowMs <= next.seenMs + graceMs) return { health: next }
  const conditions = silentConditions(node, nowMs)
  return conditions ? { health: next, conditions } : { health: next }
}

export function readyCondition({ status }: DeepReadonly<Node>): DeepReadonly<NodeCondition> | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

function notice({ node, renewTime, health, nowMs }: NodeHealthView): NodeHealth {
  const ready = readyCondition(node)
  const heartbeat = ready && (ready.lastHeartbeatTime ?? '')
  const createdMs = Date.parse(node.metadata?.creationTimestamp ?? '') || nowMs
  if (!health) return { heartbeat, renewTime, seenMs: ready || renewTime ? nowMs : createdMs }
  const isAlive = heartbeat !== health.heartbeat || (renewTime ?? '') > (health.renewTime ?? '')
  return { heartbeat, renewTime, seenMs: isAlive ? nowMs : health.seenMs }
}

/** All conditions the kubelet keeps become Unknown; undefined when they are already. */
function silentConditions(node: DeepReadonly<Node>, nowMs: number): NodeCondition[] | undefined {
  const conditions = structuredClone(node.status?.conditions ?? []) as NodeCondition[]
  let changed = false
  for (const type of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
    const present = conditions.find((condition) => condition.type === type)
    if (present?.status === 'Unknown') continue
    changed = true
    const silent = present ? kubeletStopped : kubeletNeverPosted
    const heartbeat = present ? {} : { lastHeartbeatTime: node.metadata?.creationTimestamp ?? formatTime(nowMs) }
    const condition: NodeCondition = {
      ...heartbeat,
      ...present,
      type,
      ...silent,
      lastTransitionTime: formatTime(nowMs),
    }
    if (present) conditions[conditions.indexOf(present)] = condition
    else conditions.push(condition)
  }
  return changed ? conditions : undefined
}

const kubeletStopped = {
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
}

const kubeletNeverPosted = {
  status: 'Unknown',
  reason: 'NodeStatusNeverUpdated',
  message: 'Kubelet never posted node status.',
}
