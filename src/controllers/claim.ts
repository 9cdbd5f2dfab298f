import { controllerOf, type DeepReadonly, type KubeObject } from '../machinery/object.ts'

export interface ClaimInput<T extends DeepReadonly<KubeObject>> {
  readonly owner: DeepReadonly<KubeObject>
  /** Everything in the owner's namespace that it owns or that nobody owns. */
  readonly candidates: readonly T[]
  readonly selects: (object: T) => boolean
}

export interface Claims<T> {
  /** The owner's already. */
  readonly owned: readonly T[]
  /** Match the selector and have no controller: to be adopted. */
  readonly adopt: readonly T[]
  /** The owner's, but no longer selected: to be released. */
  readonly release: readonly T[]
}

/**
 * Which objects belong to an owner, which it takes and which it lets go. An owner that is being deleted does neither,
 * and what is being deleted is not adopted. After pkg/controller controller_ref_manager.go ClaimObject.
 */
export function planClaims<T extends DeepReadonly<KubeObject>>({
  owner,
  candidates,
  selects,
}: ClaimInput<T>): Claims<T> {
  const owned: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  const ownerIsGoing = owner.metadata?.deletionTimestamp !== undefined
  for (const object of candidates) {
    const controller = controllerOf(object)
    if (controller) {
      if (controller.uid !== owner.metadata?.uid) continue
      if (selects(object)) owned.push(object)
      else if (!ownerIsGoing) release.push(object)
    } else if (!ownerIsGoing && object.metadata?.deletionTimestamp === undefined && selects(object)) {
      adopt.push(object)
    }
  }
  return { owned, adopt, release }
}
