import type { ContainerState, ContainerStatus } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { type ContainerKind, isSidecar, type ReadonlyContainer, type ReadonlyPod } from '../pod.ts'
import { shouldContainerBeRestarted } from '../restart-policy.ts'
import { type ContainerRuntime, latestContainer, type PodRuntime, restartCountOf } from '../runtime-state.ts'

/** Why a container does not run although it should, such as CrashLoopBackOff: known to the worker alone. */
export interface WaitingReason {
  readonly reason: string
  readonly message: string
}

export interface ContainerStatusesView {
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  readonly kind: ContainerKind
  readonly containers: readonly ReadonlyContainer[]
  readonly previous: readonly DeepReadonly<ContainerStatus>[]
  readonly waiting: ReadonlyMap<string, WaitingReason>
}

/** The statuses of one list of containers, in upstream's order. After kubelet v1.36 kubelet_pods.go. */
export function containerStatuses(view: ContainerStatusesView): ContainerStatus[] {
  const statuses = view.containers.map((container) => containerStatus(view, container))
  if (view.kind === 'init') return statuses
  return statuses.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function containerStatus(view: ContainerStatusesView, container: ReadonlyContainer): ContainerStatus {
  const previous = view.previous.find(({ name }) => name === container.name)
  const runs = view.runtime.containers.filter(({ name }) => name === container.name)
  const [latest, before] = runs
  const status = latest ? knownStatus(container, latest, before, previous) : unknownStatus(view, container, previous)
  return withWaitingReason(view, container, status)
}

function knownStatus(
  container: ReadonlyContainer,
  latest: ContainerRuntime,
  before: ContainerRuntime | undefined,
  previous: DeepReadonly<ContainerStatus> | undefined,
): ContainerStatus {
  const { resources = {} } = container
  return {
    name: container.name,
    state: stateOf(latest),
    lastState: before ? stateOf(before) : lastStateFrom(previous, latest.id),
    ready: false,
    restartCount: Math.max(restartCountOf(latest), previous?.restartCount ?? 0),
    image: latest.image,
    imageID: latest.imageId,
    containerID: containerIdUrl(latest.id),
    ...(resources.requests ? { allocatedResources: { ...resources.requests } } : {}),
    resources: { ...resources } as NonNullable<ContainerStatus['resources']>,
    ...volumeMountsOf(container),
    ...(latest.user
      ? { user: { linux: { ...latest.user, supplementalGroups: [...latest.user.supplementalGroups] } } }
      : {}),
  }
}

/** What the API still knows of an earlier run when the runtime has collected it. */
function lastStateFrom(previous: DeepReadonly<ContainerStatus> | undefined, id: string): ContainerState {
  if (previous?.containerID !== containerIdUrl(id) && previous?.state?.terminated) {
    return { terminated: { ...previous.state.terminated } }
  }
  return previous?.lastState?.terminated ? { terminated: { ...previous.lastState.terminated } } : {}
}

function stateOf(container: ContainerRuntime): ContainerState {
  if (container.state === 'running') return { running: { startedAt: timestamp(container.startedAtMs) } }
  if (container.state !== 'exited') return { waiting: {} }
  return {
    terminated: {
      exitCode: container.exitCode,
      reason: container.reason,
      ...(container.message ? { message: container.message } : {}),
      startedAt: timestamp(container.startedAtMs),
      finishedAt: timestamp(container.finishedAtMs),
      containerID: containerIdUrl(container.id),
    },
  }
}

/** A container that the runtime knows nothing of: not created yet, or lost. */
function unknownStatus(
  view: ContainerStatusesView,
  container: ReadonlyContainer,
  previous: DeepReadonly<ContainerStatus> | undefined,
): ContainerStatus {
  const hasInit = (view.pod.spec?.initContainers ?? []).length > 0
  if (previous?.state?.terminated) return structuredClone(previous) as ContainerStatus
  const status: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: previous?.lastState ? (structuredClone(previous.lastState) as ContainerState) : {},
    ready: false,
    restartCount: previous?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
    ...volumeMountsOf(container),
  }
  if (view.kind === 'init' && !isSidecar(container) && wasInitialized(view)) {
    return { ...status, state: { terminated: { ...initTakenAsDone } } }
  }
  if (!previous?.state?.running || status.lastState?.terminated) return status
  return {
    ...status,
    lastState: { terminated: { ...lostContainer } },
    restartCount: status.restartCount + (view.pod.metadata?.deletionTimestamp ? 0 : 1),
  }
}

const wasInitialized = ({ pod, runtime }: ContainerStatusesView) =>
  (pod.spec?.containers ?? []).some(({ name }) => latestContainer(runtime, name))

const lostContainer = {
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
  exitCode: 137,
}

const initTakenAsDone = {
  reason: 'Completed',
  message:
    'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
  exitCode: 0,
}

/** A container that is about to start again is waiting, and its end is its last state. */
function withWaitingReason(
  view: ContainerStatusesView,
  container: ReadonlyContainer,
  status: ContainerStatus,
): ContainerStatus {
  const waiting = view.waiting.get(container.name)
  if (!waiting || !shouldContainerBeRestarted(container, view.pod, view.runtime)) return status
  const latest = latestContainer(view.runtime, container.name)
  if (view.kind === 'init' && latest?.state === 'exited' && latest.exitCode === 0) return status
  return {
    ...status,
    ...(status.state?.terminated ? { lastState: status.state } : {}),
    state: { waiting: { reason: waiting.reason, ...(waiting.message ? { message: waiting.message } : {}) } },
  }
}

function volumeMountsOf(container: ReadonlyContainer): Pick<ContainerStatus, 'volumeMounts'> {
  const { volumeMounts = [] } = container
  if (volumeMounts.length === 0) return {}
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
  }
}

export const containerIdUrl = (id: string) => `containerd://${id}`

/** RFC 3339 to the second, as the API writes times. */
export const timestamp = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
