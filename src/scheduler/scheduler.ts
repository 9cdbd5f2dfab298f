import type { Pod, PodCondition } from '../api/types/core/v1.ts'
import {
  namespaces,
  nodes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
} from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { Informer } from '../client/informer.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import { untilSynced } from '../client/until-synced.ts'
import { objectKey } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { formatTime } from '../machinery/time.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { type ClusterView, SchedulerCache } from './cache.ts'
import { schedulePod } from './cycle.ts'
import { defaultSpreadSelector } from './default-spread-selector.ts'
import type { Plugin } from './framework.ts'
import { Nominator } from './nominator.ts'
import { plugins as defaultPlugins } from './plugins/all.ts'
import { waitingForGates } from './plugins/scheduling-gates.ts'
import { type PodObject, priorityOf } from './pod-object.ts'
import { type Preemption, preempt } from './preemption.ts'
import { type QueuedPod, SchedulingQueue } from './queue.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly informers: SharedInformers
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
  /** Pods that name another scheduler are left alone. */
  readonly schedulerName?: string
  readonly plugins?: readonly Plugin[]
  readonly random?: () => number
}

/** So many bindings may be on their way to the API server at once. */
const maxBindingsInFlight = 64

/**
 * Gives every Pod without a node the node that suits it best. Runs until `signal` aborts. Cycles run one after the
 * other; bindings are written in the background, the room they take being assumed. After kube-scheduler scheduler.go.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #name: string
  readonly #cache = new SchedulerCache()
  readonly #queue: SchedulingQueue
  readonly #nominator = new Nominator()
  readonly #view: ClusterView
  readonly #pods: Informer<Pod>
  readonly #bindings = new Set<Promise<void>>()
  #startIndex = 0

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#name = options.schedulerName ?? 'default-scheduler'
    this.#queue = new SchedulingQueue(options.clock)
    const { informers } = options
    const namespaceCache = informers.informerFor(namespaces)
    const siblings = {
      services: informers.informerFor(services),
      replicationControllers: informers.informerFor(replicationControllers),
      replicaSets: informers.informerFor(replicaSets),
      statefulSets: informers.informerFor(statefulSets),
    }
    const budgetCache = informers.informerFor(podDisruptionBudgets)
    const cache = this.#cache
    this.#view = {
      get nodes() {
        return cache.nodes
      },
      nodesWithAffinity: cache.nodesWithAffinity,
      nodesWithAntiAffinity: cache.nodesWithAntiAffinity,
      nodesWithImage: (image) => cache.nodesWithImage(image),
      namespaceLabels: (namespace) => namespaceCache.get(namespace)?.metadata.labels ?? {},
      defaultSpreadSelector: (pod) => defaultSpreadSelector(pod, siblings),
      nominatedPods: (nodeName) => this.#nominator.on(nodeName),
      disruptionBudgets: () => budgetCache.list(),
    }
    this.#pods = informers.informerFor(pods)
    this.#listen()
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!(await untilSynced([this.#pods], signal))) return
    for (;;) {
      const queued = await this.#queue.next(signal)
      if (!queued) break
      await this.#scheduleOne(queued)
    }
    this.#queue.close()
    await Promise.all(this.#bindings)
  }

  #listen(): void {
    const nodeCache = this.#options.informers.informerFor(nodes)
    nodeCache.addHandler({
      added: (node) => this.#nodeChanged(node),
      updated: (node) => this.#nodeChanged(node),
      deleted: (node) => this.#cache.removeNode(node.metadata.name),
    })
    this.#pods.addHandler({
      added: (pod) => this.#podChanged(pod),
      updated: (pod, previous) => this.#podUpdated(pod, previous),
      deleted: (pod) => this.#podGone(pod),
    })
  }

  #nodeChanged(node: Parameters<SchedulerCache['setNode']>[0]): void {
    this.#cache.setNode(node)
    this.#queue.wakeWaiting()
  }

  #podChanged(pod: PodObject): void {
    const { phase } = pod.status ?? {}
    if (phase === 'Succeeded' || phase === 'Failed') this.#podGone(pod)
    else if (pod.spec?.nodeName) this.#podBound(pod)
    else if (pod.spec?.schedulerName === this.#name && !pod.metadata.deletionTimestamp) this.#podWaits(pod)
    else this.#queue.remove(objectKey(pod))
  }

  /** A status written by ourselves or others gives no reason to try again; a change of what the Pod asks for does. */
  #podUpdated(pod: PodObject, previous: PodObject): void {
    const waits = !pod.spec?.nodeName && !pod.metadata.deletionTimestamp
    const sameRequest =
      pod.metadata.generation === previous.metadata.generation &&
      sameLabels(pod.metadata.labels, previous.metadata.labels)
    if (waits && pod.status?.nominatedNodeName !== previous.status?.nominatedNodeName) this.#nominationChanged(pod)
    if (waits && sameRequest) return
    this.#podChanged(pod)
  }

  #nominationChanged(pod: PodObject): void {
    const nodeName = pod.status?.nominatedNodeName
    if (nodeName) this.#nominator.nominate(pod, nodeName)
    else this.#nominator.remove(objectKey(pod))
  }

  #podWaits(pod: PodObject): void {
    if (pod.status?.nominatedNodeName) this.#nominationChanged(pod)
    if (waitingForGates(pod) === undefined) this.#queue.add(pod)
  }

  #podBound(pod: PodObject): void {
    const key = objectKey(pod)
    this.#queue.remove(key)
    this.#nominator.remove(key)
    this.#cache.setPod(pod)
  }

  #podGone(pod: PodObject): void {
    const key = objectKey(pod)
    this.#queue.remove(key)
    this.#nominator.remove(key)
    this.#cache.removePod(key)
    this.#queue.wakeWaiting()
  }

  async #scheduleOne(queued: QueuedPod): Promise<void> {
    const pod = this.#pods.get(objectKey(queued.pod))
    if (!pod || pod.spec?.nodeName || pod.metadata.deletionTimestamp) return
    const { plugins = defaultPlugins, random = Math.random } = this.#options
    const decision = schedulePod({ pod, cluster: this.#view, plugins, startIndex: this.#startIndex, random })
    if (decision.placed) {
      this.#startIndex = (this.#startIndex + decision.evaluated) % this.#cache.nodes.length
      this.#nominator.remove(objectKey(pod))
      this.#cache.assume(pod, decision.node.name)
      if (this.#bindings.size >= maxBindingsInFlight) await Promise.race(this.#bindings)
      this.#bindInBackground(queued, decision.node.name)
      return
    }
    const preemption = preempt({ pod, cluster: this.#view, plugins, rejections: decision.rejections, random })
    if (preemption.nominatedNodeName) this.#nominator.nominate(pod, preemption.nominatedNodeName)
    else if (preemption.nominatedNodeName === '') this.#nominator.remove(objectKey(pod))
    this.#queue.putBack(queued)
    await this.#explain(pod, `${decision.message}${preemption.message}`, preemption)
  }

  #bindInBackground(queued: QueuedPod, nodeName: string): void {
    const binding = this.#bind(queued, nodeName).finally(() => this.#bindings.delete(binding))
    this.#bindings.add(binding)
  }

  async #bind(queued: QueuedPod, nodeName: string): Promise<void> {
    const { client, events, log } = this.#options
    const { namespace = '', name, uid } = queued.pod.metadata
    try {
      await client.of(pods).createSubresource(
        name,
        'binding',
        {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace, uid },
          target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
        },
        { namespace },
      )
      this.#queue.done(objectKey(queued.pod))
      events.event(queued.pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${nodeName}`)
    } catch (error) {
      this.#cache.forget(queued.pod)
      if (isStatus(error, 'NotFound', 'Conflict')) return // Gone, or bound by somebody else: the informer tells.
      log.warn('binding failed, trying again', { pod: objectKey(queued.pod), node: nodeName, error })
      this.#queue.putBack(queued)
      this.#queue.wakeWaiting()
    }
  }

  /** Says why the Pod waits: an event, the condition PodScheduled; and makes room if preemption found victims. */
  async #explain(pod: PodObject, message: string, preemption: Preemption): Promise<void> {
    const { events, log } = this.#options
    events.event(pod, 'Warning', 'FailedScheduling', message)
    try {
      await this.#writeCondition(pod, message, preemption.nominatedNodeName)
      for (const victim of preemption.victims) await this.#evict(victim, pod)
      if (preemption.nominatedNodeName) await this.#withdrawLowerNominations(pod, preemption.nominatedNodeName)
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict'))
        log.warn('could not say why a pod waits', { pod: objectKey(pod), error })
    }
  }

  async #writeCondition(pod: PodObject, message: string, nominatedNodeName: string | undefined): Promise<void> {
    const { clock, client } = this.#options
    const existing = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
    const sameCondition =
      existing?.status === 'False' && existing.message === message && existing.reason === 'Unschedulable'
    const sameNode = nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? '')
    if (sameCondition && sameNode) return
    const condition: PodCondition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      observedGeneration: pod.metadata.generation ?? 0,
      lastTransitionTime: existing?.status === 'False' ? existing.lastTransitionTime! : formatTime(clock.nowMs()),
    }
    const status = { conditions: [condition], ...(!sameNode && { nominatedNodeName: nominatedNodeName || null }) }
    const { name, namespace = '' } = pod.metadata
    await client.of(pods).patch(name, { status }, { type: 'strategic', subresource: 'status', namespace })
  }

  /** The room they waited for is another's now: they look for a place at once. */
  async #withdrawLowerNominations(preemptor: PodObject, nodeName: string): Promise<void> {
    const lower = this.#nominator.on(nodeName).filter(({ pod }) => priorityOf(pod) < priorityOf(preemptor))
    for (const { pod } of lower) {
      const { name, namespace = '' } = pod.metadata
      this.#nominator.remove(objectKey(pod))
      const status = { nominatedNodeName: null }
      await this.#options.client
        .of(pods)
        .patch(name, { status }, { type: 'strategic', subresource: 'status', namespace })
      this.#queue.add(pod)
    }
  }

  async #evict(victim: PodObject, preemptor: PodObject): Promise<void> {
    if (victim.metadata.deletionTimestamp) return // On its way out already.
    const { client, clock, events } = this.#options
    const { name, namespace = '', uid } = victim.metadata
    const message = `${this.#name}: preempting to accommodate a higher priority pod`
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message,
      observedGeneration: victim.metadata.generation ?? 0,
      lastTransitionTime: formatTime(clock.nowMs()),
    }
    await client
      .of(pods)
      .patch(name, { status: { conditions: [condition] } }, { type: 'strategic', subresource: 'status', namespace })
    await client.of(pods).delete(name, { namespace, preconditions: { uid } })
    const node = victim.spec?.nodeName ?? ''
    events.event(victim, 'Normal', 'Preempted', `Preempted by pod ${preemptor.metadata.uid} on node ${node}`)
  }
}

function sameLabels(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
