import type { Pod } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { RemoteCommandOptions } from '../../platform/remote-command/streams.ts'
import type { NetworkNamespace } from './network-namespace.ts'
import type { StatsProvider } from './stats.ts'

/** What the server asks of the kubelet it belongs to. After kubelet/server HostInterface. */
export interface KubeletServerHost {
  /** The Pods of this node as the kubelet knows them now, their status included. */
  pods(): readonly DeepReadonly<Pod>[]
  /** Those the runtime has, whether the kubelet wants them or not. */
  runningPods(): Promise<readonly DeepReadonly<Pod>[]>
  containerLog(containerId: string): Promise<ContainerLog>
  /** Where the runtime serves the streams of a command (CRI Exec). */
  execUrl(request: ExecRequest): Promise<string>
  /** Where the runtime serves the streams of a running container (CRI Attach). */
  attachUrl(request: AttachRequest): Promise<string>
  /** Runs a command and answers all of its output (CRI ExecSync). Throws when it fails. */
  runInContainer(containerId: string, command: readonly string[]): Promise<Uint8Array>
  networkNamespace(pod: DeepReadonly<Pod>): Promise<NetworkNamespace>
  readonly stats: StatsProvider
}

export interface ContainerLog {
  readonly path: string
  isRunning(): Promise<boolean>
}

export interface AttachRequest {
  readonly containerId: string
  readonly streams: RemoteCommandOptions
}

export interface ExecRequest extends AttachRequest {
  readonly command: readonly string[]
}
