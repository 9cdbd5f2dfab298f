import { humanAge } from '../../machinery/duration.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { ageColumn, nameColumn, text, wide } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { ContainerState, ContainerStateTerminated, ContainerStatus, Pod } from '../types/core/v1.ts'

type ReadonlyPod = DeepReadonly<Pod>
type ReadonlyStatus = DeepReadonly<ContainerStatus>

/** What the columns READY, STATUS and RESTARTS say of a Pod. */
export interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly reason: string
  readonly restarts: number
  /** RFC 3339; empty when no container has ended yet. */
  readonly lastRestart: string
}

/** After pkg/printers/internalversion/printers.go printPod. */
export function summarizePod(pod: ReadonlyPod): PodSummary {
  const sidecars = new Set(
    (pod.spec?.initContainers ?? [])
      .filter((container) => container.restartPolicy === 'Always')
      .map(({ name }) => name),
  )
  const init = summarizeInitContainers(pod, sidecars)
  const total = (pod.spec?.containers?.length ?? 0) + sidecars.size
  if (init.reason !== undefined && !hasCondition(pod, 'Initialized')) {
    return { ...init.all, ready: init.ready, total, reason: terminating(pod, init.reason) }
  }
  const main = summarizeContainers(pod, init.reason ?? phaseReason(pod))
  return {
    ready: init.ready + main.ready,
    total,
    reason: terminating(pod, main.reason),
    restarts: init.sidecars.restarts + main.restarts,
    lastRestart: later(init.sidecars.lastRestart, main.lastRestart),
  }
}

interface Restarts {
  restarts: number
  lastRestart: string
}

function countRestart(into: Restarts, status: ReadonlyStatus): void {
  into.restarts += status.restartCount ?? 0
  into.lastRestart = later(into.lastRestart, status.lastState?.terminated?.finishedAt ?? '')
}

function later(a: string, b: string): string {
  return a < b ? b : a
}

/** Walks the init containers up to the one that is not done; `reason` is there when there is one. */
function summarizeInitContainers(pod: ReadonlyPod, sidecarNames: ReadonlySet<string>) {
  const all: Restarts = { restarts: 0, lastRestart: '' }
  const sidecars: Restarts = { restarts: 0, lastRestart: '' }
  let ready = 0
  let index = 0
  for (const status of pod.status?.initContainerStatuses ?? []) {
    const isSidecar = sidecarNames.has(status.name)
    countRestart(all, status)
    if (isSidecar) countRestart(sidecars, status)
    const isDone = status.state?.terminated?.exitCode === 0
    const isStartedSidecar = isSidecar && status.started === true
    if (!isDone && !isStartedSidecar) {
      return { all, sidecars, ready, reason: initReason(status.state, index, pod.spec?.initContainers?.length ?? 0) }
    }
    if (!isDone && status.ready) ready++
    index++
  }
  return { all, sidecars, ready, reason: undefined }
}

function initReason(state: DeepReadonly<ContainerState> | undefined, index: number, count: number): string {
  if (state?.terminated) return `Init:${terminatedReason(state.terminated)}`
  const waiting = state?.waiting?.reason
  return waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${count}`
}

function terminatedReason({ reason, signal, exitCode }: DeepReadonly<ContainerStateTerminated>): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`
}

function phaseReason(pod: ReadonlyPod): string {
  const isGated = pod.status?.conditions?.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  )
  return isGated ? 'SchedulingGated' : pod.status?.reason || pod.status?.phase || ''
}

/** The last reason wins that the containers give, walked from the last to the first. */
function summarizeContainers(pod: ReadonlyPod, phase: string) {
  const counted: Restarts = { restarts: 0, lastRestart: '' }
  let reason = phase
  let errorReason = ''
  let ready = 0
  let hasRunning = false
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestart(counted, status)
    if (status.state?.waiting?.reason) reason = status.state.waiting.reason
    else if (status.state?.terminated) {
      reason = terminatedReason(status.state.terminated)
      if (status.state.terminated.exitCode !== 0) errorReason = reason
    } else if (status.ready && status.state?.running) {
      hasRunning = true
      ready++
    }
  }
  if (reason === 'Completed') {
    if (hasRunning && hasCondition(pod, 'Ready')) reason = 'Running'
    else if (errorReason !== '') reason = errorReason
    else if (hasRunning) reason = 'NotReady'
  }
  return { ...counted, ready, reason }
}

function terminating(pod: ReadonlyPod, reason: string): string {
  if (!pod.metadata?.deletionTimestamp) return reason
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  const isOver = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  return isOver ? reason : 'Terminating'
}

function hasCondition(pod: ReadonlyPod, type: string): boolean {
  return pod.status?.conditions?.find((condition) => condition.type === type)?.status === 'True'
}

function readinessGates(pod: ReadonlyPod): string {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  return `${gates.filter(({ conditionType }) => hasCondition(pod, conditionType)).length}/${gates.length}`
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', (pod) => {
    const { ready, total } = summarizePod(pod)
    return `${ready}/${total}`
  }),
  text('Status', (pod) => summarizePod(pod).reason),
  text('Restarts', (pod, nowMs) => {
    const { restarts, lastRestart } = summarizePod(pod)
    return restarts !== 0 && lastRestart !== '' ? `${restarts} (${humanAge(lastRestart, nowMs)} ago)` : `${restarts}`
  }),
  ageColumn,
  wide('IP', (pod) => pod.status?.podIPs?.[0]?.ip || '<none>'),
  wide('Node', (pod) => pod.spec?.nodeName || '<none>'),
  wide('Nominated Node', (pod) => pod.status?.nominatedNodeName || '<none>'),
  wide('Readiness Gates', readinessGates),
]
