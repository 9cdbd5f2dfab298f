import type { ControllerRevision, StatefulSet } from '../../api/types/apps/v1.ts'
import type { Pod, PodTemplateSpec } from '../../api/types/core/v1.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '../../api/types/resources.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { controllerOf, type DeepReadonly, objectKey } from '../../machinery/object.ts'
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
import { canonical } from '../pod-template-hash.ts'
import { untilAvailableMs } from '../pods.ts'
import { forEachInBatches } from '../slow-start.ts'
import { forgetRevisions, recordTemplate } from '../template-history.ts'
import {
  planStatefulSet,
  type StatefulSetAction,
  type StatefulSetView,
  statefulSetStatus,
} from './plan-stateful-set.ts'
import { ordinalOf, revisionOf, statefulPod } from './stateful-pod.ts'
import { StatefulPodControl } from './stateful-pod-control.ts'

/** Keeps Pods with lasting names and volumes. After pkg/controller/statefulset. */
export const statefulSet: Controller = {
  name: 'statefulset-controller',
  serviceAccount: 'statefulset-controller',
  create: (context) => new StatefulSetController(context),
}

class StatefulSetController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #sets: Informer<StatefulSet>
  readonly #pods: Informer<Pod>
  readonly #revisions: Informer<ControllerRevision>
  readonly #podControl: StatefulPodControl

  constructor(context: ControllerContext) {
    const { informers } = context
    this.#context = context
    this.#sets = informers.informerFor(statefulSets)
    this.#pods = informers.informerFor(pods)
    this.#revisions = informers.informerFor(controllerRevisions)
    this.#pods.addIndex(byController, controllerUids)
    this.#revisions.addIndex(byController, controllerUids)
    this.#podControl = new StatefulPodControl(context)
    this.watches = [
      watch(this.#sets, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => this.#keysOfPod(event)),
      watch(this.#revisions, () => []),
      watch(informers.informerFor(persistentVolumeClaims), () => []),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const set = this.#sets.get(key)
    if (!set) return undefined
    const { client, clock } = this.#context
    const { spec, status, metadata } = set
    const revisions = this.#revisions.byIndex(byController, metadata.uid)
    const collisionCount = status?.collisionCount ?? 0
    const hash = await recordTemplate({ client, owner: set, template: spec?.template ?? {}, revisions, collisionCount })
    const owned = await this.#claim(set)
    const updateRevision = `${metadata.name}-${hash}`
    const current = revisions.find((revision) => revision.metadata.name === status?.currentRevision)
    const currentRevision = current?.metadata.name ?? updateRevision
    const view: StatefulSetView = { set, pods: owned, currentRevision, updateRevision, nowMs: clock.nowMs() }
    const failure = await this.#perform(set, planStatefulSet(view), current)
    await this.#writeStatus(set, view)
    if (failure !== undefined) throw failure
    const names = [currentRevision, updateRevision, ...owned.map((pod) => revisionOf(pod) ?? '')]
    const liveHashes = new Set(names.map((name) => name.slice(metadata.name.length + 1)))
    await forgetRevisions(client, revisions, { keep: spec?.revisionHistoryLimit ?? 10, liveHashes })
    return this.#nextAvailability(view)
  }

  #claim(set: Cached<StatefulSet>): Promise<readonly Cached<Pod>[]> {
    const claims = planClaims({
      owner: set,
      candidates: candidatesFor(this.#pods, set),
      selects: (pod) => ordinalOf(set, pod) !== undefined && selectorMatches(set.spec?.selector, pod.metadata.labels),
    })
    const { client } = this.#context
    return performClaims({ client, resource: pods, owner: set, ownerResource: statefulSets, claims })
  }

  /** An ordered set stops at the first failure; a parallel one goes on. Answers the first. */
  async #perform(
    set: Cached<StatefulSet>,
    actions: readonly StatefulSetAction[],
    current: Cached<ControllerRevision> | undefined,
  ): Promise<unknown> {
    const perform = (action: StatefulSetAction) => this.#performOne(set, action, current)
    if (set.spec?.podManagementPolicy === 'Parallel') return forEachInBatches(actions, perform)
    try {
      for (const action of actions) await perform(action)
      return undefined
    } catch (error) {
      return error
    }
  }

  async #performOne(
    set: Cached<StatefulSet>,
    action: StatefulSetAction,
    current: Cached<ControllerRevision> | undefined,
  ): Promise<void> {
    if (action.type !== 'create') return this.#podControl[action.type](set, action.pod)
    const { ordinal, revision } = action
    const isCurrent = revision === current?.metadata.name
    const template = (isCurrent ? templateOf(current) : undefined) ?? set.spec?.template ?? {}
    return this.#podControl.create(set, statefulPod(set, { ordinal, revision, template }))
  }

  async #writeStatus(set: Cached<StatefulSet>, view: StatefulSetView): Promise<void> {
    const status = statefulSetStatus(view)
    const { conditions } = set.status ?? {}
    const wanted = { ...status, ...(conditions ? { conditions } : {}) } as NonNullable<StatefulSet['status']>
    const withoutZeros = (counts: object) =>
      Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0))
    if (canonical(withoutZeros(wanted)) === canonical(withoutZeros(set.status ?? {}))) return
    await this.#context.client.of(statefulSets).updateStatus({ ...(set as StatefulSet), status: wanted })
  }

  #nextAvailability({ set, pods: owned, nowMs }: StatefulSetView): ReconcileResult | undefined {
    const waits = owned
      .map((pod) => untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, nowMs))
      .filter((wait) => wait !== undefined && wait > 0)
    return waits.length > 0 ? { requeueAfterMs: Math.min(...(waits as number[])) } : undefined
  }

  #keysOfPod({ object: pod, previous, type }: WatchEvent<Pod>): string[] {
    const keys = [pod, previous].flatMap((each) => {
      const owner = each && this.#ownerOf(each)
      return owner ? [objectKey(owner)] : []
    })
    if (controllerOf(pod) || type === 'deleted') return keys
    const selecting = this.#sets
      .byIndex(byNamespace, pod.metadata.namespace ?? '')
      .filter(({ spec }) => selectorMatches(spec?.selector, pod.metadata.labels))
    return [...keys, ...selecting.map(objectKey)]
  }

  #ownerOf(pod: Cached<Pod>): Cached<StatefulSet> | undefined {
    const reference = controllerOf(pod)
    if (reference?.kind !== 'StatefulSet') return undefined
    const owner = this.#sets.get(`${pod.metadata.namespace}/${reference.name}`)
    return owner?.metadata.uid === reference.uid ? owner : undefined
  }
}

/** The template a revision recorded. */
function templateOf({ data }: Cached<ControllerRevision>): DeepReadonly<PodTemplateSpec> | undefined {
  const { spec } = (data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } }
  if (!spec?.template) return undefined
  const { $patch: _patch, ...template } = spec.template
  return template
}
