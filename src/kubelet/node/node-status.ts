import type { ContainerImage, Node, NodeCondition, NodeStatus } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { timestamp } from '../pod/status/container-statuses.ts'
import { goArchitecture, type Machine, type Pressure } from './machine.ts'

export const kubeletVersion = 'v1.36.2'

/** At most so many images are listed: kubelet v1.36 nodeStatusMaxImages. */
const maxImages = 50

export interface NodeView {
  readonly nodeName: string
  readonly hostname: string
  /** Internal addresses, the primary one first. */
  readonly addresses: readonly string[]
  readonly machine: Machine
  readonly maxPods: number
  readonly port: number | undefined
  readonly runtimeVersion: string
  readonly images: readonly ContainerImage[]
  readonly pressure: Pressure
  /** Why the runtime or its network cannot run Pods; undefined when they can. */
  readonly runtimeFault: string | undefined
  readonly nowMs: number
}

/** A Node as it is registered. After kubelet v1.36 kubelet_node_status.go initialNode. */
export function initialNode(view: NodeView, options: NodeRegistration): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: view.nodeName,
      labels: { ...options.labels, ...nodeLabels(view) },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: options.taints.length > 0 ? { taints: options.taints.map((taint) => ({ ...taint })) } : {},
    status: nodeStatus(view, []),
  }
}

export interface NodeRegistration {
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

/** Labels that the kubelet keeps up to date. */
export function nodeLabels({ hostname }: Pick<NodeView, 'hostname'>): Record<string, string> {
  return {
    'kubernetes.io/hostname': hostname,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': goArchitecture(),
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': goArchitecture(),
  }
}

export function nodeStatus(view: NodeView, previous: readonly DeepReadonly<NodeCondition>[]): NodeStatus {
  const capacity = nodeCapacity(view)
  return {
    capacity,
    allocatable: nodeAllocatable(capacity, view.machine),
    conditions: nodeConditions(view, previous),
    addresses: [
      ...view.addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: view.hostname },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: view.port ?? 0 } },
    nodeInfo: {
      ...view.machine.system,
      containerRuntimeVersion: view.runtimeVersion,
      kubeletVersion,
      kubeProxyVersion: '',
    },
    images: [...view.images].sort((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0)).slice(0, maxImages),
  }
}

export function nodeCapacity({ machine, maxPods }: Pick<NodeView, 'machine' | 'maxPods'>): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': `${Math.floor(machine.diskBytes / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
  }
}

/** Less what eviction keeps free: 100Mi of memory and a tenth of the disk. */
export function nodeAllocatable(capacity: Readonly<Record<string, string>>, machine: Machine): Record<string, string> {
  return {
    ...capacity,
    'ephemeral-storage': String(Math.floor(machine.diskBytes * 0.9)),
    memory: `${Math.floor(machine.memoryBytes / 1024) - 100 * 1024}Ki`,
  }
}

/** Reason and message when all is well, and when it is not. After kubelet v1.36 nodestatus/setters.go. */
const pressureTexts = [
  {
    type: 'MemoryPressure',
    pressure: 'memory',
    well: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ill: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
  },
  {
    type: 'DiskPressure',
    pressure: 'disk',
    well: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ill: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
  },
  {
    type: 'PIDPressure',
    pressure: 'pids',
    well: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ill: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
  },
] as const

function nodeConditions(view: NodeView, previous: readonly DeepReadonly<NodeCondition>[]): NodeCondition[] {
  const { pressure, runtimeFault, nowMs } = view
  const pressures = pressureTexts.map(({ type, pressure: kind, well, ill }) => {
    const [reason, message] = pressure[kind] ? ill : well
    return { type, status: pressure[kind] ? 'True' : 'False', reason, message }
  })
  const ready = {
    type: 'Ready',
    status: runtimeFault ? 'False' : 'True',
    reason: runtimeFault ? 'KubeletNotReady' : 'KubeletReady',
    message: runtimeFault ?? 'kubelet is posting ready status',
  }
  return [...pressures, ready].map((condition) => {
    const before = previous.find(({ type }) => type === condition.type)
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined
    return { ...condition, lastHeartbeatTime: timestamp(nowMs), lastTransitionTime: since ?? timestamp(nowMs) }
  })
}
