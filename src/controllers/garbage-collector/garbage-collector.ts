import type { ResourceRef } from '../../api/resource-ref.ts'
import { customResourceDefinitions } from '../../api/types/resources.ts'
import { type DiscoveredResource, discoverResources } from '../../client/discovery.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { LeastRecentlyUsed } from '../../client/least-recently-used.ts'
import {
  apiVersionOf,
  type DeepReadonly,
  type KubeObject,
  type OwnerReference,
  parseApiVersion,
} from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  watch,
} from '../controller.ts'
import { forEachInBatches } from '../slow-start.ts'
import { foregroundFinalizer, type GraphChange, type GraphNode, OwnerGraph, orphanFinalizer } from './graph.ts'
import { planDeletion } from './plan-deletion.ts'

/** Deletes what nobody owns any more. After pkg/controller/garbagecollector. */
export const garbageCollector: Controller = {
  name: 'garbage-collector-controller',
  serviceAccount: 'generic-garbage-collector',
  workers: 20,
  create: (context) => new GarbageCollector(context),
}

/** Resources come and go with CRDs and aggregated APIs. Upstream asks as often. */
const discoverEveryMs = 30_000
const discoverKey = 'discover'
/** An owner that exists but was not seen yet is looked for again. */
const unseenOwnerMs = 5_000
const maxAbsentOwners = 500
/** Upstream's initial sync timeout. */
const initialSyncMs = 30_000
const incompleteMs = 100

type Found = DeepReadonly<KubeObject>

interface Monitored {
  readonly resource: ResourceRef
  readonly informer: Informer<KubeObject>
}

const keyOfKind = ({ group, version, plural }: Pick<ResourceRef, 'group' | 'version' | 'plural'>) =>
  `${group}/${version}/${plural}`

class GarbageCollector implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #graph = new OwnerGraph()
  /** By group, version and plural: what is watched. */
  readonly #monitored = new Map<string, Monitored>()
  /** By apiVersion and kind: every kind that was ever discovered, to resolve references. */
  readonly #kinds = new Map<string, ResourceRef>()
  #monitoredSinceMs = 0
  /** Uids known to be gone, so that a thousand dependents do not ask a thousand times. */
  readonly #absent = new LeastRecentlyUsed<string, true>(maxAbsentOwners)

  constructor(context: ControllerContext) {
    this.#context = context
    this.watches = [watch(context.informers.informerFor(customResourceDefinitions), () => [discoverKey])]
    context.queue.add(discoverKey)
  }

  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    if (key === discoverKey) return this.#discover(signal)
    const separator = key.indexOf(' ')
    const node = this.#graph.get(key.slice(separator + 1))
    if (!node) return Promise.resolve(undefined)
    if (!this.#isComplete()) return Promise.resolve({ requeueAfterMs: incompleteMs })
    return key.startsWith('orphan') ? this.#orphanDependents(node) : this.#tryDelete(node)
  }

  /** Half a graph would delete dependents that are to be orphaned. One API that is down must not stop all, though. */
  #isComplete(): boolean {
    if (this.#context.clock.monotonicMs() - this.#monitoredSinceMs > initialSyncMs) return true
    return this.#monitored.size > 0 && [...this.#monitored.values()].every(({ informer }) => informer.hasSynced)
  }

  async #discover(signal: AbortSignal): Promise<ReconcileResult> {
    const { client, log } = this.#context
    const { resources, failures } = await discoverResources(client.transport, signal)
    for (const { groupVersion, error } of failures) log.warn('group version did not answer', { groupVersion, error })
    for (const resource of resources) {
      this.#kinds.set(`${apiVersionOf(resource)} ${resource.kind}`, resource)
      if (isCollectable(resource)) this.#monitor(resource)
    }
    // Of a group version that does not answer nobody knows what it serves.
    if (failures.length === 0) this.#stopUnserved(resources)
    return { requeueAfterMs: discoverEveryMs }
  }

  #monitor(resource: DiscoveredResource): void {
    const key = keyOfKind(resource)
    if (this.#monitored.has(key)) return
    const informer = this.#context.informers.informerFor(resource as ResourceRef)
    this.#monitored.set(key, { resource: resource as ResourceRef, informer })
    this.#monitoredSinceMs = this.#context.clock.monotonicMs()
    const observe = (object: Cached<KubeObject>) => this.#enqueue(this.#graph.observe(object, resource))
    informer.addHandler({
      added: observe,
      updated: observe,
      deleted: ({ metadata }) => this.#forget(metadata.uid),
    })
  }

  /**
   * Listing what is not served would fail for ever. What is known of its objects stays: a definition that is deleted
   * has taken them along, and another may come back.
   */
  #stopUnserved(resources: readonly DiscoveredResource[]): void {
    const served = new Set(resources.map(keyOfKind))
    for (const [key, { resource }] of this.#monitored) {
      if (served.has(key)) continue
      this.#monitored.delete(key)
      this.#context.informers.drop(resource)
    }
  }

  #forget(uid: string): void {
    const change = this.#graph.forget(uid)
    if (change.tryDelete.length > 0) this.#absent.set(uid, true)
    this.#enqueue(change)
  }

  #enqueue({ tryDelete, tryOrphan }: GraphChange): void {
    for (const uid of tryDelete) this.#context.queue.add(`delete ${uid}`)
    for (const uid of tryOrphan) this.#context.queue.add(`orphan ${uid}`)
  }

  async #tryDelete(node: GraphNode): Promise<ReconcileResult | undefined> {
    if (node.beingDeleted && !node.deletingDependents) return undefined
    const resource = node.resource ?? this.#resourceOf(node)
    const latest = await this.#read(resource, node)
    if (!latest) {
      this.#forget(node.uid)
      return undefined
    }
    // It exists, but its event is still to come.
    if (!node.resource) return { requeueAfterMs: unseenOwnerMs }
    if (node.deletingDependents) await this.#finishForeground(node, latest)
    else await this.#deleteUnlessOwned(node, latest)
    return undefined
  }

  async #deleteUnlessOwned(node: GraphNode, latest: Found): Promise<void> {
    const owners = await this.#classify(node, latest.metadata?.ownerReferences ?? [])
    if (!owners) return
    const dependentWaits = [...node.dependents].some(({ deletingDependents }) => deletingDependents)
    const plan = planDeletion({ object: latest, owners, dependents: node.dependents.size, dependentWaits })
    if (plan.type === 'dropReferences') return this.#patchReferences(node, latest, plan.keep)
    if (plan.type === 'keep') return
    let { resourceVersion = '' } = latest.metadata ?? {}
    if (plan.unblock) {
      const references = (latest.metadata?.ownerReferences ?? []).map((reference) => ({
        ...reference,
        blockOwnerDeletion: false,
      }))
      await this.#patchReferences(node, latest, references)
      resourceVersion = (await this.#read(node.resource!, node))?.metadata?.resourceVersion ?? resourceVersion
    }
    try {
      await this.#context.client.of(node.resource!).delete(node.name, {
        ...inNamespace(node),
        propagationPolicy: plan.policy,
        preconditions: { uid: node.uid, resourceVersion },
      })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      this.#forget(node.uid)
    }
  }

  /** Undefined when a reference makes no sense: a namespaced owner of a cluster-scoped object. */
  async #classify(node: GraphNode, references: readonly DeepReadonly<OwnerReference>[]) {
    const solid: DeepReadonly<OwnerReference>[] = []
    const absent: DeepReadonly<OwnerReference>[] = []
    const waiting: DeepReadonly<OwnerReference>[] = []
    for (const reference of references) {
      if (this.#absent.get(reference.uid)) {
        absent.push(reference)
        continue
      }
      const resource = this.#resourceOf(reference)
      if (resource.namespaced && node.namespace === undefined) return undefined
      const owner = await this.#read(resource, { ...reference, namespace: node.namespace })
      if (!owner) {
        this.#absent.set(reference.uid, true)
        absent.push(reference)
      } else if (isDeletedInForeground(owner)) waiting.push(reference)
      else solid.push(reference)
    }
    return { solid, absent, waiting }
  }

  async #finishForeground(node: GraphNode, latest: Found): Promise<void> {
    const blocking = this.#graph.blockingDependents(node)
    if (blocking.length === 0) return this.#removeFinalizer(node, latest, foregroundFinalizer)
    const tryDelete = blocking.filter((dependent) => !dependent.deletingDependents).map(({ uid }) => uid)
    this.#enqueue({ tryDelete, tryOrphan: [] })
  }

  async #orphanDependents(owner: GraphNode): Promise<ReconcileResult | undefined> {
    if (!owner.resource) return undefined
    const failure = await forEachInBatches([...owner.dependents], (dependent) => this.#releaseFrom(owner, dependent))
    if (failure !== undefined) throw failure
    const latest = await this.#read(owner.resource, owner)
    if (latest) await this.#removeFinalizer(owner, latest, orphanFinalizer)
    return undefined
  }

  async #releaseFrom(owner: GraphNode, dependent: GraphNode): Promise<void> {
    const latest = dependent.resource && (await this.#read(dependent.resource, dependent))
    const references = latest?.metadata?.ownerReferences ?? []
    const rest = references.filter(({ uid }) => uid !== owner.uid)
    if (latest && rest.length < references.length) await this.#patchReferences(dependent, latest, rest)
  }

  async #removeFinalizer(node: GraphNode, latest: Found, finalizer: string): Promise<void> {
    const finalizers = latest.metadata?.finalizers ?? []
    if (!finalizers.includes(finalizer)) return
    await this.#patch(node, latest, { finalizers: finalizers.filter((other) => other !== finalizer) })
  }

  #patchReferences(node: GraphNode, latest: Found, ownerReferences: readonly unknown[]): Promise<void> {
    return this.#patch(node, latest, { ownerReferences })
  }

  /** A merge patch works for custom resources too; the resourceVersion makes it safe to replace a whole list. */
  async #patch(node: GraphNode, latest: Found, metadata: Record<string, unknown>): Promise<void> {
    const { uid, resourceVersion } = latest.metadata ?? {}
    const body = { metadata: { ...metadata, uid, resourceVersion } }
    try {
      await this.#context.client.of(node.resource!).patch(node.name, body, { ...inNamespace(node), type: 'merge' })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  /** From the server, not the cache: a deletion must not rest on what is stale. Undefined when gone or replaced. */
  async #read(
    resource: ResourceRef,
    { uid, name, namespace }: { uid: string; name: string; namespace: string | undefined },
  ): Promise<Found | undefined> {
    try {
      const options = resource.namespaced && namespace ? { namespace } : {}
      const found = await this.#context.client.of(resource).get(name, options)
      return found.metadata.uid === uid ? found : undefined
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  /** References may name a version that is not the preferred one. */
  #resourceOf({ apiVersion, kind }: { apiVersion: string; kind: string }): ResourceRef {
    const exact = this.#kinds.get(`${apiVersion} ${kind}`)
    if (exact) return exact
    const { group } = parseApiVersion(apiVersion)
    const sibling = [...this.#kinds.values()].find((resource) => resource.group === group && resource.kind === kind)
    if (!sibling) throw new Error(`unable to get REST mapping for ${apiVersion}/${kind}.`)
    return sibling
  }
}

function isCollectable({ group, plural, verbs }: DiscoveredResource): boolean {
  // Events have owners that come and go, and expire by themselves.
  const ignored = plural === 'events' && (group === '' || group === 'events.k8s.io')
  return !ignored && ['delete', 'list', 'watch'].every((verb) => verbs.includes(verb))
}

function isDeletedInForeground({ metadata }: Found): boolean {
  return metadata?.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(foregroundFinalizer)
}

function inNamespace({ namespace }: GraphNode): { namespace?: string } {
  return namespace ? { namespace } : {}
}
