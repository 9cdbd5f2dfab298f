import type { ResourceRef } from '../../api/resource-ref.ts'
import type { DeepReadonly, KubeObject, OwnerReference } from '../../machinery/object.ts'

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

export interface GraphNode {
  readonly uid: string
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string | undefined
  /** Unknown as long as only references speak of the object. */
  resource: ResourceRef | undefined
  owners: readonly DeepReadonly<OwnerReference>[]
  readonly dependents: Set<GraphNode>
  beingDeleted: boolean
  /** Deleted in the foreground: it goes after its dependents. */
  deletingDependents: boolean
}

/** What is to be looked at after a change: uids. */
export interface GraphChange {
  readonly tryDelete: readonly string[]
  readonly tryOrphan: readonly string[]
}

const nothing: GraphChange = { tryDelete: [], tryOrphan: [] }

/**
 * Who owns whom among all objects of the cluster. An owner that only references speak of has a node too, without a
 * resource, until it is seen or found to be absent. After garbagecollector graph_builder.go.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** The dependents that hold back a foreground deletion of their owner. */
  blockingDependents(owner: GraphNode): readonly GraphNode[] {
    return [...owner.dependents].filter(({ owners }) =>
      owners.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion === true),
    )
  }

  /** An object was added or changed. */
  observe(object: DeepReadonly<KubeObject>, resource: ResourceRef): GraphChange {
    const { uid = '', ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata ?? {}
    const known = this.#nodes.get(uid)
    // A reference may have named the object wrongly: what it says itself counts.
    const node = known?.resource ? known : this.#replace(known, object, resource)
    const before = node.owners
    node.owners = ownerReferences
    const tryDelete = [...this.#link(node, before), ...unblocked(before, ownerReferences)]
    node.beingDeleted = deletionTimestamp !== undefined
    if (!node.beingDeleted) return { tryDelete, tryOrphan: [] }
    if (finalizers.includes(orphanFinalizer)) return { tryDelete, tryOrphan: [uid] }
    if (!finalizers.includes(foregroundFinalizer)) return { tryDelete, tryOrphan: [] }
    node.deletingDependents = true
    return { tryDelete: [...tryDelete, ...[...node.dependents].map((dependent) => dependent.uid), uid], tryOrphan: [] }
  }

  /** An object is gone: those it owned, and the owners that waited for it, are to be looked at. */
  forget(uid: string): GraphChange {
    const node = this.#nodes.get(uid)
    if (!node) return nothing
    this.#nodes.delete(uid)
    for (const owner of node.owners) this.#nodes.get(owner.uid)?.dependents.delete(node)
    const waiting = node.owners.filter((owner) => this.#nodes.get(owner.uid)?.deletingDependents)
    const dependents = [...node.dependents].map((dependent) => dependent.uid)
    return { tryDelete: [...dependents, ...waiting.map((owner) => owner.uid)], tryOrphan: [] }
  }

  #replace(known: GraphNode | undefined, object: DeepReadonly<KubeObject>, resource: ResourceRef): GraphNode {
    const { uid = '', name = '', namespace } = object.metadata ?? {}
    const { apiVersion = '', kind = '' } = object
    const node: GraphNode = {
      ...{ uid, apiVersion, kind, name, namespace, resource, owners: [] },
      dependents: known?.dependents ?? new Set(),
      beingDeleted: false,
      deletingDependents: false,
    }
    this.#nodes.set(uid, node)
    return node
  }

  /** Files the node under its owners. Answers owners that nobody has seen: whether they exist must be asked. */
  #link(node: GraphNode, before: readonly DeepReadonly<OwnerReference>[]): string[] {
    const present = new Set(node.owners.map(({ uid }) => uid))
    for (const { uid } of before) if (!present.has(uid)) this.#nodes.get(uid)?.dependents.delete(node)
    const unseen: string[] = []
    for (const reference of node.owners) {
      const owner = this.#nodes.get(reference.uid) ?? this.#imagine(reference, node.namespace)
      owner.dependents.add(node)
      if (!owner.resource) unseen.push(owner.uid)
    }
    return unseen
  }

  #imagine({ uid, apiVersion, kind, name }: DeepReadonly<OwnerReference>, namespace: string | undefined): GraphNode {
    const node: GraphNode = {
      ...{ uid, apiVersion, kind, name, namespace, resource: undefined, owners: [] },
      dependents: new Set(),
      beingDeleted: false,
      deletingDependents: false,
    }
    this.#nodes.set(uid, node)
    return node
  }
}

/** Owners that a change no longer holds back: the reference is gone, or does not block any more. */
function unblocked(
  before: readonly DeepReadonly<OwnerReference>[],
  after: readonly DeepReadonly<OwnerReference>[],
): string[] {
  const blocks = (references: readonly DeepReadonly<OwnerReference>[], uid: string) =>
    references.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true)
  return before.map(({ uid }) => uid).filter((uid) => blocks(before, uid) && !blocks(after, uid))
}
