import type { StatefulSet } from '../../api/types/apps/v1.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/types/core/v1.ts'
import { persistentVolumeClaims, pods } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { isStatus } from '../../machinery/status.ts'
import type { ControllerContext } from '../controller.ts'
import { messageOf } from '../pod-control.ts'
import type { ReadonlyPod } from '../pods.ts'
import { claimOwners } from './claim-owners.ts'
import { claimsOf, hasIdentity, ordinalOf, withIdentity } from './stateful-pod.ts'

type Verb = 'Create' | 'Update' | 'Delete'

/** Changes Pods of StatefulSets and their claims, with upstream's events. After stateful_pod_control.go. */
export class StatefulPodControl {
  readonly #context: ControllerContext
  readonly #claims: Informer<PersistentVolumeClaim>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#claims = context.informers.informerFor(persistentVolumeClaims)
  }

  async create(set: Cached<StatefulSet>, pod: Pod): Promise<void> {
    await this.#tell(set, pod, 'Create', async () => {
      await this.createClaims(set, pod)
      await this.#context.client.of(pods).create(pod)
    })
  }

  /** The uid keeps a successor of the same name from being deleted by what the cache still shows. */
  async delete(set: Cached<StatefulSet>, pod: ReadonlyPod): Promise<void> {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
    await this.#tell(set, pod, 'Delete', async () => {
      try {
        await this.#context.client.of(pods).delete(name, { namespace, preconditions: { uid } })
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
    })
  }

  /** Makes the claims of a Pod that are not there. Throws while one is being deleted. */
  async createClaims(set: Cached<StatefulSet>, pod: ReadonlyPod): Promise<void> {
    for (const claim of claimsOf(set, ordinalOf(set, pod) ?? 0).values()) {
      const { name = '', namespace } = claim.metadata ?? {}
      const present = this.#claims.get(`${namespace}/${name}`)
      if (present?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`)
      if (!present) await this.#createClaim(set, pod, claim)
    }
  }

  async conform(set: Cached<StatefulSet>, pod: ReadonlyPod): Promise<void> {
    if (!hasIdentity(set, pod)) {
      await this.#tell(set, pod, 'Update', async () => {
        await this.createClaims(set, pod)
        await this.#context.client.of(pods).update(withIdentity(set, structuredClone(pod) as Pod))
      })
    }
    await this.#conformClaims(set, pod)
  }

  async #conformClaims(set: Cached<StatefulSet>, pod: ReadonlyPod): Promise<void> {
    for (const { metadata } of claimsOf(set, ordinalOf(set, pod) ?? 0).values()) {
      const claim = this.#claims.get(`${metadata?.namespace}/${metadata?.name}`)
      if (!claim) continue
      const { references, isForeign } = claimOwners(set, pod, claim)
      if (isForeign) {
        const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`
        this.#context.events.event(set, 'Warning', 'ConflictingController', message)
      }
      if (!references) continue
      const draft = structuredClone(claim) as PersistentVolumeClaim
      draft.metadata = { ...draft.metadata, ownerReferences: structuredClone(references) as never }
      await this.#context.client.of(persistentVolumeClaims).update(draft)
    }
  }

  async #createClaim(set: Cached<StatefulSet>, pod: ReadonlyPod, claim: PersistentVolumeClaim): Promise<void> {
    const { events, client } = this.#context
    const about = `Claim ${claim.metadata?.name}`
    const place = `Pod ${pod.metadata?.name} in StatefulSet ${set.metadata.name}`
    try {
      await client.of(persistentVolumeClaims).create(claim)
      events.event(set, 'Normal', 'SuccessfulCreate', `Create ${about} ${place} success`)
    } catch (error) {
      // The cache only does not show it yet.
      if (isStatus(error, 'AlreadyExists')) return
      events.event(set, 'Warning', 'FailedCreate', `Create ${about} for ${place} failed error: ${messageOf(error)}`)
      throw new Error(`failed to create PVC ${claim.metadata?.name}: ${messageOf(error)}`, { cause: error })
    }
  }

  async #tell(set: Cached<StatefulSet>, pod: ReadonlyPod, verb: Verb, work: () => Promise<void>): Promise<void> {
    const { events } = this.#context
    const what = `${verb} Pod ${pod.metadata?.name} in StatefulSet ${set.metadata.name}`
    try {
      await work()
      events.event(set, 'Normal', `Successful${verb}`, `${what} successful`)
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists', 'Conflict')) {
        events.event(set, 'Warning', `Failed${verb}`, `${what} failed error: ${messageOf(error)}`)
      }
      throw error
    }
  }
}
