import type { Service } from '../../api/types/core/v1.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { PodCgroups } from '../cgroups/pod-cgroup.ts'
import type { DnsConfig } from '../containers/dns.ts'
import type { Cri } from '../cri/cri.ts'
import type { ImagePuller } from '../images/image-puller.ts'
import type { ObjectCache } from '../object-cache.ts'
import type { TokenSource } from '../volumes/tokens.ts'
import type { StatusWriter } from './status/status-writer.ts'

/** What every Pod of the node shares. */
export interface NodeContext {
  /** The kubelet is to end: long calls are given up, and the next kubelet goes on. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  readonly cri: Cri
  readonly recorder: EventRecorder
  readonly images: ImagePuller
  readonly cgroups: PodCgroups
  readonly objects: ObjectCache
  readonly tokens: TokenSource
  readonly statuses: StatusWriter
  readonly services: () => readonly DeepReadonly<Service>[]
  readonly allocatable: () => Readonly<Record<string, string>>
  readonly nodeMemoryBytes: number
  /** The primary one first. */
  readonly hostIps: readonly string[]
  readonly nodeDns: DnsConfig
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  /** A folder a Pod, by uid. */
  readonly podsDirectory: string
  /** The same, in memory. */
  readonly memoryDirectory: string
  readonly podLogsDirectory: string
}
