import type { Lease } from '../../api/types/coordination/v1.ts'
import type { Node, NodeCondition, Pod, Taint } from '../../api/types/core/v1.ts'
import { leases, nodes, pods } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { isStatus } from '../../machinery/status.ts'
import { formatTime } from '../../machinery/time.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  watch,
} from '../controller.ts'
import { isPodReady } from '../pods.ts'
import { type NodeHealth, planNodeHealth, readyCondition } from './node-health.ts'
import { byNode, nodeNames } from './node-index.ts'
import { noExecuteTaints, noScheduleTaints, notReadyKey, unreachableKey } from './taints.ts'
import { judgeZones, type ZoneVerdict, zoneOf } from './zones.ts'

/** Upstream's --node-monitor-period. */
const monitorPeriodMs = 5_000

/** Notices nodes that fall silent, taints them and says so on their Pods. After pkg/controller/nodelifecycle. */
export const nodeLifecycle: Controller = {
  name: 'node-lifecycle-controller',
  serviceAccount: 'node-controller',
  eventSource: 'node-controller',
  create: (context) => new NodeLifecycleController(context),
}

class NodeLifecycleController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #nodes: Informer<Node>
  readonly #pods: Informer<Pod>
  readonly #leases: Informer<Lease>
  readonly #health = new Map<string, NodeHealth>()
  /** Uids of nodes that were greeted. */
  readonly #known = new Map<string, string>()
  /** When each zone may lose its next node. */
  readonly #nextEvictionMs = new Map<string, number>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#nodes = context.informers.informerFor(nodes)
    this.#pods = context.informers.informerFor(pods)
    this.#leases = context.informers.informerFor(leases, { namespace: 'kube-node-lease' })
    this.#pods.addIndex(byNode, nodeNames)
    this.watches = [
      watch(this.#nodes, ({ object, type }) => (type === 'deleted' ? [] : [object.metadata.name])),
      watch(this.#pods, ({ object, type }) =>
        type === 'added' && object.spec?.nodeName ? [object.spec.nodeName] : [],
      ),
      watch(this.#leases, () => []),
    ]
  }

  /** What follows from a node's conditions at once: NoSchedule taints, and Pods that are not ready. */
  async reconcile(name: string): Promise<ReconcileResult | undefined> {
    const node = this.#nodes.get(name)
    if (!node) return undefined
    const taints = noScheduleTaints(node, this.#context.clock.nowMs())
    if (taints) await this.#writeTaints(node, taints)
    const ready = readyCondition(node)
    if (ready && ready.status !== 'True') await this.#markPodsNotReady(name)
    return undefined
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context
    while (!signal.aborted) {
      try {
        await this.#monitor()
      } catch (error) {
        log.warn('looking after nodes failed, trying again', { error })
      }
      await clock.sleep(monitorPeriodMs, signal)
    }
  }

  async #monitor(): Promise<void> {
    this.#greet()
    for (const node of this.#nodes.list()) await this.#checkHealth(node)
    const present = this.#nodes.list()
    const verdict = judgeZones(present)
    for (const node of present) await this.#taint(node, verdict)
  }

  #greet(): void {
    const present = new Map(this.#nodes.list().map(({ metadata }) => [metadata.name, metadata.uid]))
    for (const [name, uid] of present) {
      if (this.#known.get(name) === uid) continue
      this.#known.set(name, uid)
      this.#tell(name, uid, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`)
    }
    for (const [name, uid] of this.#known) {
      if (present.has(name)) continue
      this.#known.delete(name)
      this.#health.delete(name)
      this.#tell(name, uid, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`)
    }
  }

  async #checkHealth(node: Cached<Node>): Promise<void> {
    const { name, uid } = node.metadata
    const renewTime = this.#leases.get(`kube-node-lease/${name}`)?.spec?.renewTime
    const nowMs = this.#context.clock.nowMs()
    const plan = planNodeHealth({ node, renewTime, health: this.#health.get(name), nowMs })
    this.#health.set(name, plan.health)
    if (!plan.conditions) return
    await this.#writeConditions(node, plan.conditions)
    if (readyCondition(node)?.status === 'True') {
      this.#tell(name, uid, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
    }
  }

  async #taint(node: Cached<Node>, { everythingIsDown, ratePerSecond }: ZoneVerdict): Promise<void> {
    const nowMs = this.#context.clock.nowMs()
    const status = readyCondition(node)?.status
    if (status === undefined) return
    const wanted = status === 'False' ? notReadyKey : status === 'Unknown' ? unreachableKey : undefined
    const key = everythingIsDown ? undefined : wanted
    const taints = noExecuteTaints(node, key, nowMs)
    if (!taints) return
    const isNew = key !== undefined && !hasNoExecuteTaint(node)
    if (isNew && !this.#mayEvict(zoneOf(node), ratePerSecond.get(zoneOf(node)) ?? 0)) return
    await this.#writeTaints(node, taints)
  }

  #mayEvict(zone: string, ratePerSecond: number): boolean {
    const nowMs = this.#context.clock.monotonicMs()
    if (ratePerSecond === 0 || nowMs < (this.#nextEvictionMs.get(zone) ?? 0)) return false
    this.#nextEvictionMs.set(zone, nowMs + 1000 / ratePerSecond)
    return true
  }

  async #markPodsNotReady(nodeName: string): Promise<void> {
    const { client, clock, events } = this.#context
    for (const pod of this.#pods.byIndex(byNode, nodeName)) {
      if (!isPodReady(pod)) continue
      const draft = structuredClone(pod) as Pod
      const ready = draft.status?.conditions?.find(({ type }) => type === 'Ready')
      if (!ready) continue
      ready.status = 'False'
      ready.lastTransitionTime = formatTime(clock.nowMs())
      try {
        await client.of(pods).updateStatus(draft)
        events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
    }
  }

  async #writeTaints({ metadata }: Cached<Node>, taints: readonly Taint[]): Promise<void> {
    const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { taints } }
    await this.#ignoringLostRace(this.#context.client.of(nodes).patch(metadata.name, body, { type: 'merge' }))
  }

  async #writeConditions(node: Cached<Node>, conditions: NodeCondition[]): Promise<void> {
    const draft = structuredClone(node) as Node
    draft.status = { ...draft.status, conditions }
    await this.#ignoringLostRace(this.#context.client.of(nodes).updateStatus(draft))
  }

  /** The node said something meanwhile, or is gone: the next look knows better. */
  async #ignoringLostRace(write: Promise<unknown>): Promise<void> {
    try {
      await write
    } catch (error) {
      if (!isStatus(error, 'Conflict', 'NotFound')) throw error
    }
  }

  #tell(name: string, uid: string, reason: string, message: string): void {
    this.#context.events.eventAbout({ apiVersion: 'v1', kind: 'Node', name, uid }, 'Normal', reason, message)
  }
}

function hasNoExecuteTaint({ spec }: Cached<Node>): boolean {
  return (spec?.taints ?? []).some(
    ({ key, effect }) => effect === 'NoExecute' && (key === notReadyKey || key === unreachableKey),
  )
}
