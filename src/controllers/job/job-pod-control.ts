import type { Job } from '../../api/types/batch/v1.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { pods } from '../../api/types/resources.ts'
import type { Cached } from '../../client/informer.ts'
import { objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import type { ControllerContext, WatchEvent } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { createPodControl, isNamespaceTerminating, type PodControl } from '../pod-control.ts'
import { isPodReady, type ReadonlyPod } from '../pods.ts'
import { forEachInBatches, slowStart } from '../slow-start.ts'
import type { JobFacts } from './job-facts.ts'
import { indexedJobPod, jobPod } from './job-pod.ts'
import { hasTrackingFinalizer, trackingFinalizer } from './job-pods.ts'
import type { JobPodsPlan } from './plan-job-pods.ts'

/** What a Job's Pods are after something was done to them, as far as it went well. */
export interface JobPodsOutcome {
  readonly active: number
  readonly ready: number
  readonly terminating: number
  readonly failure?: unknown
  readonly waitMs?: number
}

/** Creates, deletes and lets go of Jobs' Pods, and knows what the cache does not show yet. */
export interface JobPodControl {
  /** Whether the cache shows all that was created and deleted for the Job. */
  isCaughtUp(key: string): boolean
  observe(key: string, pod: Cached<Pod>, type: WatchEvent<Pod>['type']): void
  forget(key: string): void
  perform(job: Cached<Job>, plan: JobPodsPlan, facts: JobFacts): Promise<JobPodsOutcome>
  /** Deletes all active Pods; their finalizers stay until they are counted. */
  deleteAll(job: Cached<Job>, facts: JobFacts): Promise<JobPodsOutcome>
  /** Takes the finalizer off. Answers the uids for which that went well, and the first error. */
  release(ended: readonly Cached<Pod>[]): Promise<{ readonly released: ReadonlySet<string>; readonly error: unknown }>
}

export function createJobPodControl(context: ControllerContext): JobPodControl {
  return new Control(context)
}

class Control implements JobPodControl {
  readonly #context: ControllerContext
  readonly #podControl: PodControl
  readonly #expectations: Expectations

  constructor(context: ControllerContext) {
    this.#context = context
    this.#podControl = createPodControl(context)
    this.#expectations = new Expectations(context.clock)
  }

  isCaughtUp(key: string): boolean {
    return this.#expectations.satisfied(key)
  }

  observe(key: string, { metadata }: Cached<Pod>, type: WatchEvent<Pod>['type']): void {
    if (type === 'added') this.#expectations.creationObserved(key)
    if (type === 'deleted' || metadata.deletionTimestamp) this.#expectations.deletionObserved(key, metadata.uid)
  }

  forget(key: string): void {
    this.#expectations.forget(key)
  }

  async perform(job: Cached<Job>, plan: JobPodsPlan, facts: JobFacts): Promise<JobPodsOutcome> {
    if (plan.delete.length > 0) return this.#giveUp(job, plan.delete as readonly Cached<Pod>[], facts)
    const { active, ready, terminating } = facts
    const { created, failure } = await this.#create(job, plan.create, facts)
    const { waitMs } = plan
    return {
      active: active.length + created,
      ready,
      terminating,
      ...(failure === undefined ? {} : { failure }),
      ...(waitMs === undefined ? {} : { waitMs }),
    }
  }

  deleteAll(job: Cached<Job>, facts: JobFacts): Promise<JobPodsOutcome> {
    const doomed = facts.active as readonly Cached<Pod>[]
    return this.#delete(doomed, facts, ({ metadata }) => this.#podControl.delete(job, metadata.name))
  }

  async release(
    ended: readonly Cached<Pod>[],
  ): Promise<{ readonly released: ReadonlySet<string>; readonly error: unknown }> {
    const released = new Set<string>()
    const error = await forEachInBatches(ended, async (pod) => {
      await this.#removeFinalizer(pod)
      released.add(pod.metadata.uid)
    })
    return { released, error }
  }

  /** Pods that are one too many count neither as succeeded nor as failed: their finalizer goes first. */
  #giveUp(job: Cached<Job>, doomed: readonly Cached<Pod>[], facts: JobFacts): Promise<JobPodsOutcome> {
    const key = objectKey(job)
    this.#expectations.expect(key, { deletions: doomed.map(({ metadata }) => metadata.uid) })
    return this.#delete(doomed, facts, async (pod) => {
      try {
        await this.#removeFinalizer(pod)
        await this.#podControl.delete(job, pod.metadata.name)
      } catch (error) {
        this.#expectations.deletionObserved(key, pod.metadata.uid)
        throw error
      }
    })
  }

  async #delete(
    doomed: readonly Cached<Pod>[],
    { active, ready, terminating }: JobFacts,
    deleteOne: (pod: Cached<Pod>) => Promise<void>,
  ): Promise<JobPodsOutcome> {
    const deleted: ReadonlyPod[] = []
    const failure = await forEachInBatches(doomed, async (pod) => {
      try {
        await deleteOne(pod)
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
      deleted.push(pod)
    })
    return {
      active: active.length - deleted.length,
      ready: ready - deleted.filter(isPodReady).length,
      terminating: terminating + deleted.length,
      ...(failure === undefined ? {} : { failure }),
    }
  }

  async #create(
    job: Cached<Job>,
    indexes: JobPodsPlan['create'],
    { awaitingSuccessor }: JobFacts,
  ): Promise<{ readonly created: number; readonly failure: unknown }> {
    if (indexes.length === 0) return { created: 0, failure: undefined }
    const key = objectKey(job)
    this.#expectations.expect(key, { creations: indexes.length })
    let next = 0
    const { successes, error } = await slowStart(indexes.length, async () => {
      const index = indexes[next++]
      const pod = index === undefined ? jobPod(job) : indexedJobPod(job, index, awaitingSuccessor.get(index))
      try {
        await this.#podControl.create(job, pod)
      } catch (cause) {
        if (!isNamespaceTerminating(cause)) throw cause
        this.#expectations.creationObserved(key)
      }
    })
    for (let missing = indexes.length - successes; missing > 0; missing -= 1) this.#expectations.creationObserved(key)
    return { created: successes, failure: error }
  }

  /** The uid keeps a namesake from losing its own. */
  async #removeFinalizer(pod: Cached<Pod>): Promise<void> {
    if (!hasTrackingFinalizer(pod)) return
    const { name, namespace = '', uid } = pod.metadata
    const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } }
    try {
      await this.#context.client.of(pods).patch(name, body, { type: 'strategic', namespace })
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict')) throw error
    }
  }
}
