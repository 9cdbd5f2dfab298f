import type { ContainerStatus, Pod } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** A container's id at the runtime, or upstream's words for why there is none. */
export type ContainerIdResult =
  | { readonly found: true; readonly id: string }
  | { readonly found: false; readonly why: string }

/** Whether the Pod declares a container of this name, be it an init, ephemeral or ordinary one. */
export function hasContainer({ spec }: DeepReadonly<Pod>, name: string): boolean {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])]
  return all.some((container) => container.name === name)
}

/** The container to run a command in or attach to: it must be running now. */
export function runningContainerId(pod: DeepReadonly<Pod>, name: string): ContainerIdResult {
  const status = statusOf(pod, name)
  if (!status?.state?.running || !status.containerID) return { found: false, why: `container not found ("${name}")` }
  return { found: true, id: bareId(status.containerID) }
}

/** The container whose log to show. After kubelet_pods.go validateContainerLogStatus v1.36. */
export function loggedContainerId(pod: DeepReadonly<Pod>, name: string, previous: boolean): ContainerIdResult {
  const status = statusOf(pod, name)
  const what = `container "${name}" in pod "${pod.metadata?.name}"`
  const none = (why: string): ContainerIdResult => ({ found: false, why })
  const some = (id: string | undefined, why: string): ContainerIdResult =>
    id ? { found: true, id: bareId(id) } : none(why)
  if (!status) return none(`${what} is not available`)
  const { waiting, running, terminated } = status.state ?? {}
  const last = status.lastState?.terminated
  if (previous) return some(last?.containerID, `previous terminated ${what} not found`)
  if (running) return some(status.containerID, `${what} is not available`)
  if (terminated) return some(terminated.containerID || last?.containerID, `${what} is terminated`)
  if (last) return some(last.containerID, `${what} is terminated`)
  if (waiting) return none(`${what} is waiting to start: ${reasonText(waiting.reason ?? '')}`)
  return none(`${what} is waiting to start - no logs yet`)
}

function reasonText(reason: string): string {
  if (reason === 'ErrImagePull') return "image can't be pulled"
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image'
  return reason
}

function statusOf({ status }: DeepReadonly<Pod>, name: string): DeepReadonly<ContainerStatus> | undefined {
  const all = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses]
  return all.flatMap((statuses) => statuses ?? []).find((container) => container.name === name)
}

/** `containerd://abc` names the runtime first. */
function bareId(containerId: string): string {
  return containerId.slice(containerId.indexOf('://') + 3)
}
