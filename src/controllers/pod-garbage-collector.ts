import type { Pod } from '../api/types/core/v1.ts'
import { nodes, pods } from '../api/types/resources.ts'
import type { Cached } from '../client/informer.ts'
import { type DeepReadonly, objectKey, type Stored } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, type ControllerContext, type ControllerInstance, watch } from './controller.ts'
import { type Disruption, noteDisruption } from './disruption-target.ts'
import { isPodTerminal } from './pods.ts'

const sweepEveryMs = 20_000
/** A node that is only just not there may be registering: its Pods are left alone so long. */
const quarantineMs = 40_000
/** Upstream's --terminated-pod-gc-threshold. */
const maxFinishedPods = 12_500

export interface PodSweepView {
  readonly pods: readonly DeepReadonly<Stored<Pod>>[]
  /** Nodes that Pods name and that are gone for good. */
  readonly goneNodes: ReadonlySet<string>
  /** Nodes that somebody has declared dead by the out-of-service taint. */
  readonly outOfService: ReadonlySet<string>
}

export interface DoomedPod {
  readonly pod: DeepReadonly<Stored<Pod>>
  readonly why: 'finished' | 'orphaned' | 'unscheduled' | 'outOfService'
}

/** Pods that nobody else will remove. After pkg/controller/podgc gc_controller.go. */
export function planPodSweep(
  { pods: all, goneNodes, outOfService }: PodSweepView,
  limit = maxFinishedPods,
): DoomedPod[] {
  const created = ({ metadata }: DeepReadonly<Pod>) => metadata?.creationTimestamp ?? ''
  const finished = all.filter(isPodTerminal).sort((a, b) => (created(a) < created(b) ? -1 : 1))
  const doomed = new Map<string, DoomedPod>()
  const doom = (pod: DeepReadonly<Stored<Pod>>, why: DoomedPod['why']) => doomed.set(objectKey(pod), { pod, why })
  for (const pod of finished.slice(0, Math.max(0, finished.length - limit))) doom(pod, 'finished')
  for (const pod of all) {
    const nodeName = pod.spec?.nodeName ?? ''
    const terminating = pod.metadata.deletionTimestamp !== undefined
    if (nodeName !== '' && goneNodes.has(nodeName)) doom(pod, 'orphaned')
    else if (terminating && nodeName === '') doom(pod, 'unscheduled')
    else if (terminating && outOfService.has(nodeName)) doom(pod, 'outOfService')
  }
  return [...doomed.values()]
}

/** Deletes Pods of nodes that are gone, and old finished ones. After pkg/controller/podgc. */
export const podGarbageCollector: Controller = {
  name: 'pod-garbage-collector-controller',
  serviceAccount: 'pod-garbage-collector',
  create: (context) => new PodGarbageCollector(context),
}

class PodGarbageCollector implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #nodes
  readonly #pods
  /** Since when Pods name a node that is not there. */
  readonly #missingSinceMs = new Map<string, number>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#nodes = context.informers.informerFor(nodes)
    this.#pods = context.informers.informerFor(pods)
    this.watches = [watch(this.#nodes, () => []), watch(this.#pods, () => [])]
  }

  reconcile(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    while (!signal.aborted) {
      await this.#sweep()
      await clock.sleep(sweepEveryMs, signal)
    }
  }

  async #sweep(): Promise<void> {
    const present = this.#nodes.list()
    const nodeNames = new Set(present.map(({ metadata }) => metadata.name))
    const goneNodes = await this.#goneNodes(nodeNames)
    const isOut = (taints: readonly { readonly key: string }[] = []) =>
      taints.some(({ key }) => key === 'node.kubernetes.io/out-of-service')
    const outOfService = new Set(present.filter(({ spec }) => isOut(spec?.taints)).map(({ metadata }) => metadata.name))
    for (const { pod, why } of planPodSweep({ pods: this.#pods.list(), goneNodes, outOfService })) {
      try {
        await this.#remove(pod, why)
      } catch (error) {
        this.#context.log.warn('pod not removed, trying again', { key: objectKey(pod), why, error })
      }
    }
  }

  /** A node counts as gone when it was missing for a while and the server, asked again, does not know it. */
  async #goneNodes(nodeNames: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { client, clock } = this.#context
    const named = new Set(this.#pods.list().map(({ spec }) => spec?.nodeName ?? ''))
    const missing = [...named].filter((name) => name !== '' && !nodeNames.has(name))
    for (const name of this.#missingSinceMs.keys()) if (!missing.includes(name)) this.#missingSinceMs.delete(name)
    const gone = new Set<string>()
    for (const name of missing) {
      const sinceMs = this.#missingSinceMs.get(name) ?? clock.monotonicMs()
      this.#missingSinceMs.set(name, sinceMs)
      if (clock.monotonicMs() - sinceMs < quarantineMs) continue
      try {
        await client.of(nodes).get(name)
      } catch (error) {
        if (isStatus(error, 'NotFound')) gone.add(name)
        else this.#context.log.warn('cannot tell whether the node is gone', { node: name, error })
      }
    }
    return gone
  }

  async #remove(pod: Cached<Pod>, why: DoomedPod['why']): Promise<void> {
    const { client, clock } = this.#context
    const { name, namespace = '', uid } = pod.metadata
    if (why === 'orphaned') {
      const message = 'PodGC: node no longer exists'
      await noteDisruption(client, pod, failed(pod, { reason: 'DeletionByPodGC', message, nowMs: clock.nowMs() }))
    }
    try {
      await client.of(pods).delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict')) throw error
    }
  }
}

function failed(pod: DeepReadonly<Pod>, disruption: Disruption): Disruption {
  return isPodTerminal(pod) ? disruption : { ...disruption, phase: 'Failed' }
}
