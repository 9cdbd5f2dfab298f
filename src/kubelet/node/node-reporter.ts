import { isDeepStrictEqual } from 'node:util'
import type { ContainerImage, Node, NodeStatus } from '../../api/types/core/v1.ts'
import { nodes } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { ChangeSignal } from '../../platform/change-signal.ts'
import type { Clock, Timer } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Cri } from '../cri/cri.ts'
import { grpcMessage } from '../cri/grpc-client.ts'
import { type Machine, readPressure } from './machine.ts'
import { initialNode, type NodeRegistration, type NodeView, nodeLabels, nodeStatus } from './node-status.ts'

export interface NodeReporterOptions {
  readonly client: Client
  readonly cri: Cri
  readonly recorder: EventRecorder
  readonly clock: Clock
  readonly log: Logger
  readonly machine: Machine
  readonly rootDirectory: string
  readonly nodeName: string
  readonly hostname: string
  readonly addresses: readonly string[]
  readonly maxPods: number
  readonly port: number | undefined
  readonly registration: NodeRegistration
}

/** Upstream's: kubelet v1.36 nodeStatusUpdateFrequency and nodeStatusReportFrequency. */
const checkEveryMs = 10_000
const reportEveryMs = 300_000
/** While the runtime is not ready it is asked more often, so that a node is Ready as soon as it can be. */
const checkUnreadyEveryMs = 100
const retryAfterMs = 200
/** A runtime that is away for less is being restarted, and no reason to take the node out: kubelet v1.36 maxWaitForContainerRuntime. */
const runtimePatienceMs = 30_000

type RuntimeView = Pick<NodeView, 'runtimeVersion' | 'runtimeFault' | 'images'>

/** Registers the node and keeps its status true: written on change, and every five minutes. */
export class NodeReporter {
  readonly #options: NodeReporterOptions
  readonly #changes = new ChangeSignal()
  #written: DeepReadonly<NodeStatus> | undefined
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #lastRuntime: { view: RuntimeView; atMs: number } | undefined

  constructor(options: NodeReporterOptions) {
    this.#options = options
  }

  /** Look at the node now: an image has come, the runtime is back. */
  readonly notify = (): void => this.#changes.notify()

  /** Resolves when the Node is there; tries until then. */
  async register(signal: AbortSignal): Promise<void> {
    const { client, clock, log, nodeName, registration } = this.#options
    while (!signal.aborted) {
      try {
        const view = await this.#look()
        const existing = await this.#find()
        if (!existing) {
          const created = await client.of(nodes).create(initialNode(view, registration))
          this.#written = created.status
        } else {
          await this.#adopt(existing)
        }
        log.info('node registered', { node: nodeName })
        return
      } catch (error) {
        log.warn('node not registered, trying again', { error })
        await clock.sleep(retryAfterMs, signal)
      }
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    let timer: Timer | undefined
    while (await this.#changes.next(signal)) {
      timer?.cancel()
      let ready = false
      try {
        ready = await this.#report()
      } catch (error) {
        log.warn('node status not written, trying again', { error })
      }
      timer = clock.setTimer(ready ? checkEveryMs : checkUnreadyEveryMs, this.#changes.notify)
    }
    timer?.cancel()
  }

  async #find(): Promise<DeepReadonly<Node> | undefined> {
    try {
      return await this.#options.client.of(nodes).get(this.#options.nodeName)
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      return undefined
    }
  }

  /** A node that was here before: only the labels that are the kubelet's own are set right. */
  async #adopt(existing: DeepReadonly<Node>): Promise<void> {
    const { client, nodeName } = this.#options
    this.#written = existing.status
    const labels = nodeLabels(this.#options)
    const right = Object.entries(labels).every(([name, value]) => existing.metadata?.labels?.[name] === value)
    if (!right) await client.of(nodes).patch(nodeName, { metadata: { labels } }, { type: 'merge' })
  }

  /** Whether the node is ready. */
  async #report(): Promise<boolean> {
    const { client, clock, nodeName } = this.#options
    const view = await this.#look()
    const status = nodeStatus(view, this.#written?.conditions ?? [])
    const due = clock.monotonicMs() - this.#writtenAtMs >= reportEveryMs
    if (due || !isDeepStrictEqual(withoutHeartbeat(status), withoutHeartbeat(this.#written ?? {}))) {
      await client.of(nodes).patch(nodeName, { status: patchOf(status) }, { type: 'strategic', subresource: 'status' })
      this.#tellTransition(status)
      this.#written = status
      this.#writtenAtMs = clock.monotonicMs()
    }
    return view.runtimeFault === undefined
  }

  /** After kubelet v1.36 nodestatus/setters.go: only Ready is told, the pressures being steady. */
  #tellTransition(status: NodeStatus): void {
    const { nodeName, recorder } = this.#options
    const readiness = (one: DeepReadonly<NodeStatus>) => one.conditions?.find(({ type }) => type === 'Ready')?.status
    if (readiness(status) === readiness(this.#written ?? {})) return
    const reason = readiness(status) === 'True' ? 'NodeReady' : 'NodeNotReady'
    const node = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName }
    recorder.eventAbout(node, 'Normal', reason, `Node ${nodeName} status is now: ${reason}`)
  }

  async #look(): Promise<NodeView> {
    const { clock, rootDirectory } = this.#options
    return {
      ...this.#options,
      ...(await this.#lookAtRuntime()),
      pressure: readPressure(rootDirectory),
      nowMs: clock.nowMs(),
    }
  }

  async #lookAtRuntime(): Promise<RuntimeView> {
    const { cri, clock } = this.#options
    const nowMs = clock.monotonicMs()
    try {
      const view = await readRuntime(cri)
      this.#lastRuntime = { view, atMs: nowMs }
      return view
    } catch (error) {
      const last = this.#lastRuntime
      if (last && nowMs - last.atMs < runtimePatienceMs) return last.view
      const runtimeFault = `container runtime is down: ${grpcMessage(error)}`
      return { runtimeVersion: last?.view.runtimeVersion ?? '', images: last?.view.images ?? [], runtimeFault }
    }
  }
}

/** Addresses merge by type in a strategic patch, which would keep an old one for ever. */
function patchOf(status: NodeStatus): object {
  return { ...status, addresses: [{ $patch: 'replace' }, ...(status.addresses ?? [])] }
}

function withoutHeartbeat(status: DeepReadonly<NodeStatus>): object {
  const conditions = (status.conditions ?? []).map(({ lastHeartbeatTime: _, ...rest }) => rest)
  return { ...status, conditions }
}

async function readRuntime(cri: Cri): Promise<RuntimeView> {
  const [version, { status }, { images }] = await Promise.all([
    cri.runtime.version({}),
    cri.runtime.status({}),
    cri.images.listImages({}),
  ])
  const faults = (status?.conditions ?? [])
    .filter((condition) => !condition.status)
    .map(
      ({ type, reason, message }) =>
        `container runtime ${subject(type)} not ready: ${type}=false reason:${reason} message:${message}`,
    )
  return {
    runtimeVersion: `${version.runtimeName}://${version.runtimeVersion}`,
    runtimeFault: faults.length > 0 ? faults.join(', ') : undefined,
    images: images.map(
      ({ repoTags, repoDigests, size }): ContainerImage => ({ names: [...repoDigests, ...repoTags], sizeBytes: size }),
    ),
  }
}

const subject = (type: string) => (type === 'NetworkReady' ? 'network' : 'status')
