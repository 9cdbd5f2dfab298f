import type { Pod } from '../../api/types/core/v1.ts'
import { pods } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { isStatus } from '../../machinery/status.ts'
import { podLogDirectory } from '../containers/sandbox-config.ts'
import { MirrorPods } from '../static-pods/mirror-pods.ts'
import { removeFromRuntime } from './clean-up.ts'
import { nodeAdmission } from './node-admission.ts'
import type { NodeContext } from './node-context.ts'
import { isMirrorPod, isStaticPod, nameOf, namespaceOf, type ReadonlyPod, uidOf } from './pod.ts'
import { PodWorker } from './pod-worker.ts'
import { podReference } from './references.ts'
import { podUidLabel } from './runtime-state.ts'

export interface PodWorkersOptions {
  readonly context: NodeContext
  readonly client: Client
  readonly signal: AbortSignal
}

/** One worker for each Pod that is wanted on this node, or is still there. */
export class PodWorkers {
  readonly #options: PodWorkersOptions
  readonly #workers = new Map<string, PodWorker>()
  readonly #running = new Set<Promise<void>>()
  /** Pods that are gone from the node while the API may still send changes of them. */
  readonly #finished = new Set<string>()
  readonly #mirrors: MirrorPods

  constructor(options: PodWorkersOptions) {
    this.#options = options
    const { client, signal } = options
    const { clock, log } = options.context
    this.#mirrors = new MirrorPods({ client, clock, log, signal })
  }

  /** A Pod of the API is new or has changed. */
  set(pod: ReadonlyPod): void {
    if (isMirrorPod(pod)) {
      const staticUid = this.#mirrors.seen(pod)
      if (staticUid) this.#workers.get(staticUid)?.notify()
    } else if (!this.#finished.has(uidOf(pod))) {
      this.#update(pod)
    }
  }

  /** A Pod is gone from the API. */
  delete(pod: ReadonlyPod): void {
    this.#finished.delete(uidOf(pod))
    this.#options.context.statuses.forget(uidOf(pod))
    if (isMirrorPod(pod)) this.#mirrors.gone(pod)
    else this.#workers.get(uidOf(pod))?.forget()
  }

  /** All static Pods there are now. */
  readonly setStatic = (wanted: readonly ReadonlyPod[]): void => {
    const uids = new Set(wanted.map(uidOf))
    this.#mirrors.want(wanted)
    for (const [uid, worker] of this.#workers) {
      if (worker.pod && isStaticPod(worker.pod) && !uids.has(uid)) worker.forget()
    }
    for (const pod of wanted) this.#update(pod)
  }

  /** Takes over what the runtime holds; Pods that nobody wants any more are ended. */
  async adopt(): Promise<void> {
    const { items } = await this.#options.context.cri.runtime.listPodSandbox({})
    for (const { labels } of items) {
      const uid = labels[podUidLabel]
      if (!uid || this.#workers.has(uid)) continue
      this.#open(uid).forget()
    }
  }

  /** The main process of a container or sandbox has ended. */
  readonly exited = (id: string): void => {
    const owner = [...this.#workers.values()].find(
      ({ runtime }) =>
        runtime.containers.some((one) => one.id === id) || runtime.sandboxes.some((one) => one.id === id),
    )
    // One that ends right after its start may not be known yet: then every worker looks.
    for (const worker of owner ? [owner] : this.#workers.values()) worker.containerExited(id)
  }

  /** Events may have been missed. */
  readonly relist = (): void => {
    for (const worker of this.#workers.values()) worker.notify()
  }

  /** With their newest status. */
  pods(): readonly Pod[] {
    return [...this.#workers.values()].flatMap(({ pod, status }) =>
      pod ? [{ ...(pod as Pod), ...(status ? { status } : {}) }] : [],
    )
  }

  /** The log files of all running containers, by container ID. */
  readonly runningLogs = (): ReadonlyMap<string, string> => {
    const running = [...this.#workers.values()].flatMap(({ runtime }) => runtime.containers)
    return new Map(
      running.filter(({ state, logPath }) => state === 'running' && logPath).map((one) => [one.id, one.logPath]),
    )
  }

  /** Resolves when every worker has ended. */
  async done(): Promise<void> {
    await Promise.all(this.#running)
  }

  #update(pod: ReadonlyPod): void {
    const existing = this.#workers.get(uidOf(pod))
    const worker = existing ?? this.#open(uidOf(pod))
    worker.update(pod)
    if (!existing) this.#admit(worker, pod)
  }

  /** A Pod that has run here is not judged again. */
  #admit(worker: PodWorker, pod: ReadonlyPod): void {
    const { context } = this.#options
    if (pod.status?.startTime || pod.metadata?.deletionTimestamp || isStaticPod(pod)) return
    const others = [...this.#workers.values()].filter((one) => one !== worker && one.status?.phase !== 'Failed')
    const present = others.filter(({ status }) => status?.phase !== 'Succeeded').flatMap((one) => one.pod ?? [])
    const failure = nodeAdmission({ pod, present, allocatable: context.allocatable() })
    if (!failure) return
    context.recorder.eventAbout(podReference(pod), 'Warning', failure.reason, failure.message)
    worker.reject({ reason: failure.reason, message: `Pod was rejected: ${failure.message}` })
  }

  #open(uid: string): PodWorker {
    const { context, signal } = this.#options
    const worker: PodWorker = new PodWorker({
      context,
      uid,
      statusTarget: (pod) => (isStaticPod(pod) ? this.#mirrors.mirrorOf(pod) : pod),
      removed: (pod) => this.#remove(worker, pod),
    })
    this.#workers.set(uid, worker)
    const run = worker
      .run(signal)
      .catch((error: unknown) => context.log.error('pod worker ended', { error, uid }))
      .finally(() => {
        this.#running.delete(run)
        if (!signal.aborted) this.#workers.delete(uid)
      })
    this.#running.add(run)
    return worker
  }

  /** The object goes first: whoever waits for the deletion need not wait for the clearing up. */
  async #remove(worker: PodWorker, pod: ReadonlyPod | undefined): Promise<void> {
    const { context } = this.#options
    if (pod) {
      this.#finished.add(uidOf(pod))
      await this.#deleteObject(pod)
    }
    const last = pod ?? worker.pod
    await removeFromRuntime(context, worker.runtime, last && podLogDirectory(context.podLogsDirectory, last))
  }

  async #deleteObject(pod: ReadonlyPod): Promise<void> {
    try {
      await this.#options.client.of(pods).delete(nameOf(pod), {
        namespace: namespaceOf(pod),
        gracePeriodSeconds: 0,
        preconditions: { uid: uidOf(pod) },
      })
    } catch (error) {
      // Gone already, or another of that name has come.
      if (!isStatus(error, 'NotFound', 'Conflict')) throw error
    }
  }
}
