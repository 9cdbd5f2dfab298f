import type { ControllerRevision, DaemonSet } from '../../api/types/apps/v1.ts'
import type { Node, Pod } from '../../api/types/core/v1.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '../../api/types/resources.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { controllerOf, objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { planClaims } from '../claim.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { selectorMatches, selectsEverything } from '../label-match.ts'
import { byController, candidatesFor, controllerUids } from '../owner-index.ts'
import { performClaims } from '../perform-claims.ts'
import { createPodControl, isNamespaceTerminating, type PodControl } from '../pod-control.ts'
import { canonical } from '../pod-template-hash.ts'
import { untilAvailableMs } from '../pods.ts'
import { forEachInBatches, slowStart } from '../slow-start.ts'
import { forgetRevisions, recordTemplate } from '../template-history.ts'
import { daemonPod, revisionHashLabel, targetNodeOf } from './daemon-pod.ts'
import { FailedPodBackoff } from './failed-pod-backoff.ts'
import { type DaemonSetPlan, type DaemonSetView, daemonSetStatus, planDaemonSet } from './plan-daemon-set.ts'

/** At most this many Pods are created or deleted in one go. Upstream's BurstReplicas. */
const burstReplicas = 250

/** Runs a Pod of each DaemonSet on every node that is for it. After pkg/controller/daemon. */
export const daemonSet: Controller = {
  name: 'daemonset-controller',
  serviceAccount: 'daemon-set-controller',
  create: (context) => new DaemonSetController(context),
}

class DaemonSetController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #daemonSets: Informer<DaemonSet>
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #revisions: Informer<ControllerRevision>
  readonly #podControl: PodControl
  readonly #expectations: Expectations
  readonly #failedPods: FailedPodBackoff

  constructor(context: ControllerContext) {
    const { informers, clock } = context
    this.#context = context
    this.#daemonSets = informers.informerFor(daemonSets)
    this.#pods = informers.informerFor(pods)
    this.#nodes = informers.informerFor(nodes)
    this.#revisions = informers.informerFor(controllerRevisions)
    this.#pods.addIndex(byController, controllerUids)
    this.#revisions.addIndex(byController, controllerUids)
    this.#podControl = createPodControl(context)
    this.#expectations = new Expectations(clock)
    this.#failedPods = new FailedPodBackoff(clock)
    this.watches = [
      watch(this.#daemonSets, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => this.#keysOfPod(event)),
      watch(this.#nodes, (event) => (concernsDaemons(event) ? this.#daemonSets.list().map(objectKey) : [])),
      watch(this.#revisions, () => []),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const owner = this.#daemonSets.get(key)
    if (!owner) {
      this.#expectations.forget(key)
      this.#failedPods.forget(key)
      return undefined
    }
    if (selectsEverything(owner.spec?.selector)) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
      this.#context.events.event(owner, 'Warning', 'SelectingAll', message)
      return undefined
    }
    if (owner.metadata.deletionTimestamp) return undefined
    return this.#bringUpToDate(key, owner)
  }

  async #bringUpToDate(key: string, owner: Cached<DaemonSet>): Promise<ReconcileResult | undefined> {
    const { client, clock } = this.#context
    const revisions = this.#revisions.byIndex(byController, owner.metadata.uid)
    const template = owner.spec?.template ?? {}
    const collisionCount = owner.status?.collisionCount ?? 0
    const hash = await recordTemplate({ client, owner, template, revisions, collisionCount })
    const claimed = await this.#claim(owner)
    const view: DaemonSetView = {
      daemonSet: owner,
      nodes: this.#nodes.list(),
      pods: Map.groupBy(claimed, (pod) => targetNodeOf(pod) ?? ''),
      hash,
      mayReplaceFailed: (nodeName) => this.#failedPods.isOver(key, nodeName),
      nowMs: clock.nowMs(),
    }
    const failure = this.#expectations.satisfied(key) ? await this.#perform(key, owner, view) : undefined
    await this.#writeStatus(owner, view)
    if (failure !== undefined) throw failure
    const liveHashes = new Set([hash, ...claimed.map(({ metadata }) => metadata.labels?.[revisionHashLabel] ?? '')])
    await forgetRevisions(client, revisions, { keep: owner.spec?.revisionHistoryLimit ?? 10, liveHashes })
    return this.#nextLook(key, owner, claimed)
  }

  #keysOfPod({ object: pod, previous, type }: WatchEvent<Pod>): string[] {
    const owner = this.#ownerOf(pod)
    const former = previous && this.#ownerOf(previous)
    const key = owner && objectKey(owner)
    if (key && type === 'added') this.#expectations.creationObserved(key)
    if (key && (type === 'deleted' || pod.metadata.deletionTimestamp)) {
      this.#expectations.deletionObserved(key, pod.metadata.uid)
    }
    const keys = [owner, former].filter((found) => found !== undefined).map(objectKey)
    if (controllerOf(pod) || type === 'deleted') return keys
    const selecting = this.#daemonSets
      .byIndex(byNamespace, pod.metadata.namespace ?? '')
      .filter(({ spec }) => selectorMatches(spec?.selector, pod.metadata.labels))
    return [...keys, ...selecting.map(objectKey)]
  }

  #ownerOf(pod: Cached<Pod>): Cached<DaemonSet> | undefined {
    const reference = controllerOf(pod)
    if (reference?.kind !== 'DaemonSet') return undefined
    const owner = this.#daemonSets.get(`${pod.metadata.namespace}/${reference.name}`)
    return owner?.metadata.uid === reference.uid ? owner : undefined
  }

  #claim(owner: Cached<DaemonSet>): Promise<readonly Cached<Pod>[]> {
    const claims = planClaims({
      owner,
      candidates: candidatesFor(this.#pods, owner),
      selects: ({ metadata }) => selectorMatches(owner.spec?.selector, metadata.labels),
    })
    const { client } = this.#context
    return performClaims({ client, resource: pods, owner, ownerResource: daemonSets, claims })
  }

  /** Answers what went wrong, if anything did: the status is written all the same. */
  async #perform(key: string, owner: Cached<DaemonSet>, view: DaemonSetView): Promise<unknown> {
    const plan = planDaemonSet(view)
    this.#tellFinished(key, owner, plan)
    const doomed = ([...plan.delete, ...plan.failed, ...plan.succeeded] as Cached<Pod>[]).slice(0, burstReplicas)
    const nodeNames = plan.create.slice(0, burstReplicas)
    this.#expectations.expect(key, {
      creations: nodeNames.length,
      deletions: doomed.map(({ metadata }) => metadata.uid),
    })
    const created = await this.#createPods(key, owner, nodeNames, view.hash)
    const deleted = await forEachInBatches(doomed, (pod) => this.#deletePod(key, owner, pod))
    return created ?? deleted
  }

  #tellFinished(key: string, owner: Cached<DaemonSet>, { failed, succeeded }: DaemonSetPlan): void {
    const { events } = this.#context
    for (const pod of failed) {
      const nodeName = targetNodeOf(pod) ?? ''
      this.#failedPods.note(key, nodeName)
      const message = `Found failed daemon pod ${pod.metadata?.namespace}/${pod.metadata?.name} on node ${nodeName}, will try to kill it`
      events.event(owner, 'Warning', 'FailedDaemonPod', message)
    }
    for (const pod of succeeded) {
      const message = `Found succeeded daemon pod ${pod.metadata?.namespace}/${pod.metadata?.name} on node ${targetNodeOf(pod)}, will try to delete it`
      events.event(owner, 'Normal', 'SucceededDaemonPod', message)
    }
  }

  async #createPods(
    key: string,
    owner: Cached<DaemonSet>,
    nodeNames: readonly string[],
    hash: string,
  ): Promise<unknown> {
    let index = 0
    const { successes, error } = await slowStart(nodeNames.length, async () => {
      const nodeName = nodeNames[index++]!
      try {
        await this.#podControl.create(owner, daemonPod(owner, nodeName, hash))
      } catch (cause) {
        if (!isNamespaceTerminating(cause)) throw cause
        this.#expectations.creationObserved(key)
      }
    })
    for (let missing = nodeNames.length - successes; missing > 0; missing -= 1) this.#expectations.creationObserved(key)
    return error
  }

  async #deletePod(key: string, owner: Cached<DaemonSet>, { metadata }: Cached<Pod>): Promise<void> {
    try {
      await this.#podControl.delete(owner, metadata.name)
    } catch (error) {
      this.#expectations.deletionObserved(key, metadata.uid)
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  async #writeStatus(owner: Cached<DaemonSet>, view: DaemonSetView): Promise<void> {
    const status = daemonSetStatus(view)
    const withoutZeros = (counts: object) =>
      Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0))
    if (canonical(withoutZeros(status)) === canonical(withoutZeros(owner.status ?? {}))) return
    await this.#context.client.of(daemonSets).updateStatus({ ...(structuredClone(owner) as DaemonSet), status })
  }

  /** Pods become available, and failed ones may be replaced, by time alone. */
  #nextLook(key: string, { spec }: Cached<DaemonSet>, claimed: readonly Cached<Pod>[]): ReconcileResult | undefined {
    const nowMs = this.#context.clock.nowMs()
    const waits = claimed.map((pod) =>
      pod.status?.phase === 'Failed'
        ? this.#failedPods.remainingMs(key, targetNodeOf(pod) ?? '')
        : untilAvailableMs(pod, spec?.minReadySeconds ?? 0, nowMs),
    )
    const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[]
    return pending.length > 0 ? { requeueAfterMs: Math.min(...pending) } : undefined
  }
}

/** Heartbeats of nodes change nothing for daemons. */
function concernsDaemons({ object, previous }: WatchEvent<Node>): boolean {
  const facts = ({ metadata, spec }: Cached<Node>) => JSON.stringify([metadata.labels, spec?.taints])
  return !previous || facts(object) !== facts(previous)
}
