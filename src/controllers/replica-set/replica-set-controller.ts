import type { ReplicaSet } from '../../api/types/apps/v1.ts'
import type { Pod, ReplicationController } from '../../api/types/core/v1.ts'
import { pods } from '../../api/types/resources.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { controllerOf, type DeepReadonly, type KubeObject, objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { planClaims } from '../claim.ts'
import type { Controller, ControllerContext, ControllerInstance, ReconcileResult, WatchEvent } from '../controller.ts'
import { watch } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { byController, candidatesFor, controllerUids } from '../owner-index.ts'
import { performClaims } from '../perform-claims.ts'
import { createPodControl, isNamespaceTerminating, type PodControl, podFromTemplate } from '../pod-control.ts'
import { isPodActive, isPodTerminating, untilAvailableMs } from '../pods.ts'
import { forEachInBatches, slowStart } from '../slow-start.ts'
import { planReplicas } from './plan-replica-set.ts'
import { type PodOwner, type PodOwnerKind, replicaSetKind, replicationControllerKind } from './pod-owner.ts'
import { replicaSetStatus, sameStatus } from './replica-set-status.ts'

/** Keeps as many Pods of each ReplicaSet running as it wants. After pkg/controller/replicaset. */
export const replicaSet: Controller = controllerFor<ReplicaSet>(replicaSetKind)

/** The same for ReplicationControllers. After pkg/controller/replication. */
export const replication: Controller = controllerFor<ReplicationController>(replicationControllerKind)

function controllerFor<T extends KubeObject>(kind: PodOwnerKind<T>): Controller {
  return {
    name: kind.controllerName,
    serviceAccount: kind.serviceAccount,
    create: (context) => new ReplicaController<T>(kind, context),
  }
}

class ReplicaController<T extends KubeObject> implements ControllerInstance {
  readonly watches
  readonly #kind: PodOwnerKind<T>
  readonly #context: ControllerContext
  readonly #owners: Informer<T>
  readonly #pods: Informer<Pod>
  readonly #podControl: PodControl
  readonly #expectations: Expectations

  constructor(kind: PodOwnerKind<T>, context: ControllerContext) {
    this.#kind = kind
    this.#context = context
    this.#owners = context.informers.informerFor(kind.resource)
    this.#pods = context.informers.informerFor(pods)
    this.#owners.addIndex(byController, controllerUids)
    this.#pods.addIndex(byController, controllerUids)
    this.#podControl = createPodControl(context)
    this.#expectations = new Expectations(context.clock)
    this.watches = [
      watch(this.#owners, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => this.#keysOfPod(event)),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const owner = this.#owners.get(key)
    if (!owner) {
      this.#expectations.forget(key)
      return undefined
    }
    const view = this.#kind.read(owner as DeepReadonly<T>)
    const mayAct = this.#expectations.satisfied(key)
    const active = (await this.#claim(owner, view)).filter(isPodActive)
    const going = owner.metadata.deletionTimestamp !== undefined
    const failure = mayAct && !going ? await this.#manage(owner, view, active) : undefined
    await this.#writeStatus(owner, view, active, failure)
    if (failure !== undefined) throw failure
    return this.#nextAvailability(view, active)
  }

  /** Pods that changed owners matter to both. An orphan matters to whoever selects it. */
  #keysOfPod({ object: pod, previous, type }: WatchEvent<Pod>): string[] {
    const owner = this.#ownerOf(pod)
    const formerOwner = previous && this.#ownerOf(previous)
    const key = owner && objectKey(owner)
    if (key && type === 'added') this.#expectations.creationObserved(key)
    if (key && (type === 'deleted' || pod.metadata.deletionTimestamp)) {
      this.#expectations.deletionObserved(key, pod.metadata.uid)
    }
    const keys = [owner, formerOwner].filter((found) => found !== undefined).map(objectKey)
    const orphan = controllerOf(pod) === undefined && type !== 'deleted'
    return orphan ? [...keys, ...this.#keysSelecting(pod)] : keys
  }

  #keysSelecting(pod: Cached<Pod>): string[] {
    return this.#owners
      .byIndex(byNamespace, pod.metadata.namespace ?? '')
      .filter((owner) => this.#kind.read(owner as DeepReadonly<T>).selects(pod.metadata.labels))
      .map(objectKey)
  }

  #ownerOf(pod: Cached<Pod>): Cached<T> | undefined {
    const reference = controllerOf(pod)
    if (reference?.kind !== this.#kind.kind) return undefined
    const owner = this.#owners.get(`${pod.metadata.namespace}/${reference.name}`)
    return owner?.metadata.uid === reference.uid ? owner : undefined
  }

  /** Terminating Pods are the owner's already, or nobody's business. */
  #claim(owner: Cached<T>, view: PodOwner): Promise<readonly Cached<Pod>[]> {
    const candidates = candidatesFor(this.#pods, owner).filter(isPodActive)
    const claims = planClaims({
      owner: owner as DeepReadonly<KubeObject>,
      candidates,
      selects: ({ metadata }) => view.selects(metadata.labels),
    })
    const { client } = this.#context
    return performClaims({ client, resource: pods, owner, ownerResource: this.#kind.resource, claims })
  }

  /** Answers what went wrong, if anything did: the status tells it, then the key is tried again. */
  async #manage(owner: Cached<T>, view: PodOwner, active: readonly Cached<Pod>[]): Promise<unknown> {
    const related = this.#relatedPods(owner)
    const plan = planReplicas({ wanted: view.replicas, active, related, nowMs: this.#context.clock.nowMs() })
    if (plan.create > 0) return this.#createPods(owner, view, plan.create)
    return plan.delete.length > 0 ? this.#deletePods(owner, plan.delete as readonly Cached<Pod>[]) : undefined
  }

  async #createPods(owner: Cached<T>, view: PodOwner, count: number): Promise<unknown> {
    const key = objectKey(owner)
    this.#expectations.expect(key, { creations: count })
    const { successes, error } = await slowStart(count, async () => {
      try {
        await this.#podControl.create(
          owner as DeepReadonly<KubeObject>,
          podFromTemplate(this.#typed(owner), view.template),
        )
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error
        this.#expectations.creationObserved(key)
      }
    })
    for (let missing = count - successes; missing > 0; missing -= 1) this.#expectations.creationObserved(key)
    return error
  }

  async #deletePods(owner: Cached<T>, doomed: readonly Cached<Pod>[]): Promise<unknown> {
    const key = objectKey(owner)
    this.#expectations.expect(key, { deletions: doomed.map(({ metadata }) => metadata.uid) })
    return forEachInBatches(doomed, async ({ metadata }) => {
      try {
        await this.#podControl.delete(owner as DeepReadonly<KubeObject>, metadata.name)
      } catch (error) {
        this.#expectations.deletionObserved(key, metadata.uid)
        if (!isStatus(error, 'NotFound')) throw error
      }
    })
  }

  /** Pods of all owners that share this one's controller. */
  #relatedPods(owner: Cached<T>): readonly Cached<Pod>[] {
    const controller = controllerOf(owner)
    const siblings = controller ? this.#owners.byIndex(byController, controller.uid) : [owner]
    return siblings.flatMap(({ metadata }) => this.#pods.byIndex(byController, metadata.uid))
  }

  async #writeStatus(
    owner: Cached<T>,
    view: PodOwner,
    active: readonly Cached<Pod>[],
    failure: unknown,
  ): Promise<void> {
    const terminating = this.#pods.byIndex(byController, owner.metadata.uid).filter(isPodTerminating).length
    const status = replicaSetStatus({
      owner: view,
      generation: owner.metadata.generation ?? 0,
      active,
      terminating: this.#kind.countsTerminating ? terminating : undefined,
      failure,
      nowMs: this.#context.clock.nowMs(),
    })
    if (sameStatus(view.status, status)) return
    await this.#context.client.of(this.#kind.resource).updateStatus({ ...(owner as object), status } as unknown as T)
  }

  /** Ready Pods become available by time alone: nobody sends an event then. */
  #nextAvailability({ minReadySeconds }: PodOwner, active: readonly Cached<Pod>[]): ReconcileResult | undefined {
    const nowMs = this.#context.clock.nowMs()
    const waits = active
      .map((pod) => untilAvailableMs(pod, minReadySeconds, nowMs))
      .filter((wait) => wait !== undefined && wait > 0)
    return waits.length > 0 ? { requeueAfterMs: Math.min(...(waits as number[])) } : undefined
  }

  #typed(owner: Cached<T>): DeepReadonly<KubeObject> {
    const { apiVersion, kind } = this.#kind
    return { apiVersion, kind, metadata: owner.metadata } as DeepReadonly<KubeObject>
  }
}
