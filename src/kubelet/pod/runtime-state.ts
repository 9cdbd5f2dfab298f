import type { CriResponse } from '../cri/messages.ts'

/** What the runtime knows of one Pod: the truth that each sync starts from. */
export interface PodRuntime {
  /** The newest first. */
  readonly sandboxes: readonly SandboxRuntime[]
  /** The newest first; containers of earlier sandboxes too, as long as they are not collected. */
  readonly containers: readonly ContainerRuntime[]
}

export interface SandboxRuntime {
  readonly id: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAtMs: number
  readonly hostNetwork: boolean
  readonly ips: readonly string[]
}

export interface ContainerRuntime {
  readonly id: string
  readonly name: string
  readonly sandboxId: string
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAtMs: number
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly image: string
  readonly imageId: string
  readonly logPath: string
  readonly annotations: Readonly<Record<string, string>>
  readonly user: { uid: number; gid: number; supplementalGroups: readonly number[] } | undefined
}

export const noRuntime: PodRuntime = { sandboxes: [], containers: [] }

/** Upstream's names, so that other tools on the node find the Pod behind a container. After kubelet v1.36 labels.go. */
export const podNameLabel = 'io.kubernetes.pod.name'
export const podNamespaceLabel = 'io.kubernetes.pod.namespace'
export const podUidLabel = 'io.kubernetes.pod.uid'
export const containerNameLabel = 'io.kubernetes.container.name'
export const containerHashAnnotation = 'io.kubernetes.container.hash'
export const restartCountAnnotation = 'io.kubernetes.container.restartCount'
export const terminationMessagePathAnnotation = 'io.kubernetes.container.terminationMessagePath'
export const terminationMessagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy'
export const preStopHandlerAnnotation = 'io.kubernetes.container.preStopHandler'
export const containerPortsAnnotation = 'io.kubernetes.container.ports'
export const podGracePeriodAnnotation = 'io.kubernetes.pod.terminationGracePeriod'

/** The newest container of that name, running or not. */
export function latestContainer(runtime: PodRuntime, name: string): ContainerRuntime | undefined {
  return runtime.containers.find((container) => container.name === name)
}

export function restartCountOf(container: ContainerRuntime): number {
  return Number(container.annotations[restartCountAnnotation] ?? 0) || 0
}

/** The sandbox that containers run in now, if it is ready. */
export function readySandbox(runtime: PodRuntime): SandboxRuntime | undefined {
  const [latest] = runtime.sandboxes
  return latest?.ready ? latest : undefined
}

const states = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
} as const

export function containerRuntime(status: CriResponse<'ContainerStatus'>, sandboxId: string): ContainerRuntime {
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata?.name ?? '',
    sandboxId,
    state: states[status.state],
    createdAtMs: milliseconds(status.createdAt),
    startedAtMs: milliseconds(status.startedAt),
    finishedAtMs: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image?.image || status.imageRef,
    imageId: status.imageRef,
    logPath: status.logPath,
    annotations: status.annotations,
    user: status.user?.linux ?? undefined,
  }
}

export function sandboxRuntime(status: CriResponse<'PodSandboxStatus'>): SandboxRuntime {
  const { ip = '', additionalIps = [] } = status.network ?? {}
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === 'SANDBOX_READY',
    createdAtMs: milliseconds(status.createdAt),
    hostNetwork: status.linux?.namespaces?.options?.network === 'NODE',
    ips: [ip, ...additionalIps.map((address) => address.ip)].filter((address) => address !== ''),
  }
}

const milliseconds = (nanoseconds: number) => Math.floor(nanoseconds / 1e6)
