import { qosClassOf } from '../../../api/core/pod-qos.ts'
import type { ContainerStatus, PodStatus } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { isHostNetwork, type ReadonlyContainer, type ReadonlyPod } from '../pod.ts'
import { latestContainer, type PodRuntime, readySandbox } from '../runtime-state.ts'
import { podConditions } from './conditions.ts'
import { containerStatuses, timestamp, type WaitingReason } from './container-statuses.ts'
import { podPhase } from './phase.ts'

/** What the probes say, by container ID. Absent: no such probe. */
export interface ProbeStates {
  readonly started: (containerId: string, container: ReadonlyContainer) => boolean
  readonly ready: (containerId: string, container: ReadonlyContainer) => boolean
}

export interface PodStatusView {
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  /** The status that was written last, or the API's. */
  readonly previous: DeepReadonly<PodStatus>
  readonly waiting: ReadonlyMap<string, WaitingReason>
  readonly probes: ProbeStates
  /** The node's addresses, the primary one first. */
  readonly hostIps: readonly string[]
  /** Nothing will be started any more. */
  readonly terminal: boolean
  /** The kubelet itself has ended the Pod: DeadlineExceeded, OutOfcpu, Evicted… */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined
  readonly nowMs: number
}

/** The whole status as the API should show it. After kubelet v1.36 kubelet_pods.go generateAPIPodStatus. */
export function podStatus(view: PodStatusView): PodStatus {
  const { pod, previous, failure } = view
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {}
  const regular = statusesOf(view, 'regular', containers, previous.containerStatuses)
  const init = statusesOf(view, 'init', initContainers, previous.initContainerStatuses)
  const ephemeral = statusesOf(
    view,
    'ephemeral',
    ephemeralContainers as readonly ReadonlyContainer[],
    previous.ephemeralContainerStatuses,
  )
  const statuses = [...init, ...regular]
  const initialized = containers.some(({ name }) => latestContainer(view.runtime, name)?.startedAtMs)
  const phase = failure
    ? 'Failed'
    : stickyPhase(view, podPhase({ pod, statuses, terminal: view.terminal, initialized }))
  const explanation = failure ?? (phase === previous.phase ? previous : {})
  const conditions = podConditions({
    pod,
    runtime: view.runtime,
    phase,
    statuses,
    previous: previous.conditions ?? [],
    nowMs: view.nowMs,
  })
  return {
    ...(pod.metadata?.generation ? { observedGeneration: pod.metadata.generation } : {}),
    phase,
    conditions,
    ...(explanation.message ? { message: explanation.message } : {}),
    ...(explanation.reason ? { reason: explanation.reason } : {}),
    ...addresses(view),
    startTime: previous.startTime ?? timestamp(view.nowMs),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: previous.qosClass ?? qosClassOf(pod),
  }
}

/** A Pod never leaves Succeeded or Failed. */
function stickyPhase({ pod, previous }: PodStatusView, phase: string): string {
  const ended = [previous.phase, pod.status?.phase].find((one) => one === 'Succeeded' || one === 'Failed')
  return ended ?? phase
}

function statusesOf(
  view: PodStatusView,
  kind: 'init' | 'regular' | 'ephemeral',
  containers: readonly ReadonlyContainer[],
  previous: readonly DeepReadonly<ContainerStatus>[] = [],
): ContainerStatus[] {
  const { pod, runtime, waiting } = view
  const statuses = containerStatuses({ pod, runtime, kind, containers, previous, waiting })
  return statuses.map((status) => {
    const container = containers.find(({ name }) => name === status.name)!
    return { ...status, ...readiness(view, kind, container, status) }
  })
}

/** After kubelet v1.36 prober/prober_manager.go UpdatePodStatus. */
function readiness(
  { runtime, probes }: PodStatusView,
  kind: 'init' | 'regular' | 'ephemeral',
  container: ReadonlyContainer,
  status: ContainerStatus,
): { ready: boolean; started: boolean } | { ready: boolean } {
  if (kind === 'ephemeral') return { ready: false }
  const latest = latestContainer(runtime, container.name)
  const sidecarOrRegular = kind === 'regular' || container.restartPolicy === 'Always'
  if (!sidecarOrRegular) {
    return { ready: status.state?.terminated?.exitCode === 0, started: status.state?.running !== undefined }
  }
  const started = status.state?.running !== undefined && latest !== undefined && probes.started(latest.id, container)
  return { ready: started && probes.ready(latest.id, container), started }
}

function addresses({ pod, runtime, hostIps, previous }: PodStatusView): Partial<PodStatus> {
  const [hostIP] = hostIps
  const host = hostIP ? { hostIP, hostIPs: hostIps.map((ip) => ({ ip })) } : {}
  const ips = isHostNetwork(pod) ? hostIps : (readySandbox(runtime)?.ips ?? keptAddresses(runtime, previous))
  const [podIP] = ips
  return { ...host, ...(podIP ? { podIP, podIPs: ips.map((ip) => ({ ip })) } : {}) }
}

/** A Pod that has ended keeps its last address, as upstream's cache of the runtime does. */
function keptAddresses(runtime: PodRuntime, previous: DeepReadonly<PodStatus>): readonly string[] {
  return runtime.sandboxes.length > 0 ? (previous.podIPs ?? []).map(({ ip }) => ip) : []
}
