import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { deployments, pods, replicaSets } from '../../api/types/resources.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { controllerOf, type DeepReadonly, objectKey } from '../../machinery/object.ts'
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
import { selectorMatches } from '../label-match.ts'
import { byController, candidatesFor, controllerUids } from '../owner-index.ts'
import { performClaims } from '../perform-claims.ts'
import { isNamespaceTerminating, messageOf } from '../pod-control.ts'
import { progressDeadlineMs } from './bounds.ts'
import { setCondition } from './deployment-status.ts'
import { planDeployment } from './plan-deployment.ts'
import { type DeploymentAction, type PlannedEvent, sameTemplate } from './rollout.ts'

/** Rolls out Deployments by way of ReplicaSets. After pkg/controller/deployment. */
export const deployment: Controller = {
  name: 'deployment-controller',
  serviceAccount: 'deployment-controller',
  create: (context) => new DeploymentController(context),
}

type Performers = { [T in DeploymentAction['type']]: (action: Extract<DeploymentAction, { type: T }>) => Promise<void> }

class DeploymentController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #deployments: Informer<Deployment>
  readonly #replicaSets: Informer<ReplicaSet>
  readonly #pods: Informer<Pod>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#deployments = context.informers.informerFor(deployments)
    this.#replicaSets = context.informers.informerFor(replicaSets)
    this.#pods = context.informers.informerFor(pods)
    this.#replicaSets.addIndex(byController, controllerUids)
    this.#pods.addIndex(byController, controllerUids)
    this.watches = [
      watch(this.#deployments, ({ object }) => [objectKey(object)]),
      watch(this.#replicaSets, (event) => this.#keysOfReplicaSet(event)),
      watch(this.#pods, ({ object, type }) => (type === 'deleted' ? this.#keysOfGonePod(object) : [])),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#deployments.get(key)
    if (!cached) return undefined
    const owned = await this.#claim(cached)
    const podsOf = new Map(owned.map(({ metadata }) => [metadata.uid, this.#pods.byIndex(byController, metadata.uid)]))
    const nowMs = this.#context.clock.nowMs()
    const plan = planDeployment({ deployment: cached, replicaSets: owned, pods: podsOf, nowMs })
    const performers = this.#performersFor(cached)
    for (const action of plan.actions) await perform(performers, action)
    return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs }
  }

  #keysOfReplicaSet({ object, previous, type }: WatchEvent<ReplicaSet>): string[] {
    const keys = [object, previous].flatMap((replicaSet) => (replicaSet ? this.#keyOfOwner(replicaSet) : []))
    const orphan = controllerOf(object) === undefined && type !== 'deleted'
    return orphan ? [...keys, ...this.#keysSelecting(object)] : keys
  }

  #keyOfOwner(replicaSet: Cached<ReplicaSet>): string[] {
    const reference = controllerOf(replicaSet)
    return reference?.kind === 'Deployment' ? [`${replicaSet.metadata.namespace}/${reference.name}`] : []
  }

  #keysSelecting({ metadata }: Cached<ReplicaSet>): string[] {
    return this.#deployments
      .byIndex(byNamespace, metadata.namespace ?? '')
      .filter(({ spec }) => selectorMatches(spec?.selector, metadata.labels))
      .map(objectKey)
  }

  /** Recreate waits for the last old Pod to be gone. */
  #keysOfGonePod(pod: Cached<Pod>): string[] {
    const reference = controllerOf(pod)
    if (reference?.kind !== 'ReplicaSet') return []
    const replicaSet = this.#replicaSets.get(`${pod.metadata.namespace}/${reference.name}`)
    return replicaSet ? this.#keyOfOwner(replicaSet) : []
  }

  #claim(owner: Cached<Deployment>): Promise<readonly Cached<ReplicaSet>[]> {
    const claims = planClaims({
      owner,
      candidates: candidatesFor(this.#replicaSets, owner),
      selects: ({ metadata }) => selectorMatches(owner.spec?.selector, metadata.labels),
    })
    const { client } = this.#context
    return performClaims({ client, resource: replicaSets, owner, ownerResource: deployments, claims })
  }

  #performersFor(owner: Cached<Deployment>): Performers {
    const { client, events } = this.#context
    const namespace = owner.metadata.namespace ?? ''
    const tell = ({ type, reason, message }: PlannedEvent) => events.event(owner, type, reason, message)
    return {
      createReplicaSet: (action) =>
        this.#createReplicaSet(owner, action.replicaSet, () => action.event && tell(action.event)),
      updateReplicaSet: async (action) => {
        await client.of(replicaSets).update(action.replicaSet)
        for (const event of action.events) tell(event)
      },
      deleteReplicaSet: async ({ name }) => {
        try {
          await client.of(replicaSets).delete(name, { namespace })
        } catch (error) {
          if (!isStatus(error, 'NotFound')) throw error
        }
      },
      updateDeployment: async (action) => {
        await client.of(deployments).update(action.deployment)
        if (action.event) tell(action.event)
      },
      updateStatus: async (action) => {
        await client.of(deployments).updateStatus(action.deployment)
      },
      event: async ({ event }) => tell(event),
    }
  }

  async #createReplicaSet(owner: Cached<Deployment>, replicaSet: ReplicaSet, created: () => void): Promise<void> {
    const { client } = this.#context
    try {
      await client.of(replicaSets).create(replicaSet)
      created()
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) return this.#resolveCollision(owner, replicaSet, error)
      if (!isNamespaceTerminating(error)) await this.#noteFailedCreate(owner, replicaSet, error)
      throw error
    }
  }

  /** The name is taken: by our own, that the cache does not show yet, or by a stranger with the same hash. */
  async #resolveCollision(owner: Cached<Deployment>, { metadata, spec }: ReplicaSet, error: unknown): Promise<void> {
    const { client } = this.#context
    const name = metadata?.name ?? ''
    const existing = await client.of(replicaSets).get(name, { namespace: owner.metadata.namespace ?? '' })
    const isOurs = controllerOf(existing)?.uid === owner.metadata.uid
    if (isOurs && sameTemplate(spec?.template, existing.spec?.template)) return
    const draft = structuredClone(owner) as Deployment
    draft.status = { ...draft.status, collisionCount: (draft.status?.collisionCount ?? 0) + 1 }
    await client.of(deployments).updateStatus(draft)
    throw error
  }

  async #noteFailedCreate(owner: Cached<Deployment>, { metadata }: ReplicaSet, error: unknown): Promise<void> {
    const { client, clock, events, log } = this.#context
    const reason = 'ReplicaSetCreateError'
    const message = `Failed to create new replica set "${metadata?.name}": ${messageOf(error)}`
    events.event(owner as DeepReadonly<Deployment>, 'Warning', reason, message)
    const draft = structuredClone(owner) as Deployment
    if (progressDeadlineMs(draft) === undefined) return
    draft.status ??= {}
    setCondition(draft.status, { type: 'Progressing', status: 'False', reason, message }, clock.nowMs())
    try {
      await client.of(deployments).updateStatus(draft)
    } catch (statusError) {
      log.debug('failed create not noted in the status', { error: statusError })
    }
  }
}

function perform<T extends DeploymentAction['type']>(
  performers: Performers,
  action: Extract<DeploymentAction, { type: T }>,
): Promise<void> {
  const performer = performers[action.type as T] as (action: Extract<DeploymentAction, { type: T }>) => Promise<void>
  return performer(action)
}
