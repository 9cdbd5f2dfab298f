import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PodStatus } from '../../api/types/core/v1.ts'
import { ChangeSignal } from '../../platform/change-signal.ts'
import type { Timer } from '../../platform/clock.ts'
import { containerHash } from '../containers/container-config.ts'
import type { ReferencedObjects } from '../containers/environment.ts'
import { isUnavailable } from '../cri/grpc-client.ts'
import { PodProbes } from '../probes/pod-probes.ts'
import { setUpVolumes } from '../volumes/volumes.ts'
import { BackOff } from './back-off.ts'
import { tearDown } from './clean-up.ts'
import { collectDeadContainers } from './collect.ts'
import { graceSecondsOf, killPod } from './kill.ts'
import type { NodeContext } from './node-context.ts'
import { performActions } from './perform.ts'
import { planPod } from './plan-pod.ts'
import { containersOf, isStaticPod, type ReadonlyPod } from './pod.ts'
import { addressesOf } from './pod-network.ts'
import { readPodRuntime } from './read-runtime.ts'
import { containerReference, podReference } from './references.ts'
import { type ContainerRuntime, latestContainer, noRuntime, type PodRuntime, readySandbox } from './runtime-state.ts'
import { containerIdUrl, type WaitingReason } from './status/container-statuses.ts'
import { podStatus } from './status/pod-status.ts'

export interface PodWorkerOptions {
  readonly context: NodeContext
  readonly uid: string
  /** The object in the API that shows the status: the Pod itself, or the mirror of a static one. */
  readonly statusTarget: (pod: ReadonlyPod) => ReadonlyPod | undefined
  /** Called once the Pod has ended and nothing of it is left on the node. */
  readonly removed: (pod: ReadonlyPod | undefined) => Promise<void>
}

export interface PodFailure {
  readonly reason: string
  readonly message: string
}

/** The runtime may take a moment to note an exit that it has told of: looked at this often, for so long. */
const exitPollMs = 20
const exitPatienceMs = 5_000
const retryAfterMs = 1_000

type Outcome = 'finished' | { requeueAfterMs?: number | undefined; again?: boolean }

/**
 * Looks after one Pod from its arrival until nothing of it is left. Every round reads the runtime, decides and acts, so
 * that it does not matter what a killed predecessor had done. After kubelet v1.36 pod_workers.go and kubelet.go SyncPod.
 */
export class PodWorker {
  readonly #options: PodWorkerOptions
  readonly #changes = new ChangeSignal()
  readonly #probes: PodProbes
  readonly #backOff = new BackOff()
  readonly #waiting = new Map<string, WaitingReason>()
  readonly #deadContainers = new Map<string, ContainerRuntime>()
  readonly #objects: ReferencedObjects
  /** Containers said to have ended, until when to believe it against the runtime's word. */
  readonly #exits = new Map<string, number>()
  #pod: ReadonlyPod | undefined
  #failure: PodFailure | undefined
  /** The Pod is no longer wanted: its object is gone. */
  #gone = false
  #runtime: PodRuntime = noRuntime
  #status: PodStatus | undefined
  #timer: Timer | undefined
  #killGraceSeconds: number | undefined

  constructor(options: PodWorkerOptions) {
    const { context, uid } = options
    this.#options = options
    this.#objects = context.objects.forPod(uid, this.#changes.notify)
    this.#probes = new PodProbes({
      cri: context.cri,
      clock: context.clock,
      log: context.log,
      changed: this.#changes.notify,
      event: (container, reason, message) => {
        const spec = this.#pod && containersOf(this.#pod).find((one) => one.container.name === container.name)
        if (this.#pod && spec) {
          context.recorder.eventAbout(containerReference(this.#pod, spec), 'Warning', reason, message)
        }
      },
    })
  }

  get pod(): ReadonlyPod | undefined {
    return this.#pod
  }

  get status(): PodStatus | undefined {
    return this.#status
  }

  get runtime(): PodRuntime {
    return this.#runtime
  }

  /** The Pod as it is wanted now. */
  update(pod: ReadonlyPod): void {
    this.#pod = pod
    this.#hastenKill()
    this.#changes.notify()
  }

  /** The node refuses the Pod; it fails without ever having run. */
  reject(failure: PodFailure): void {
    this.#failure = failure
    this.#changes.notify()
  }

  /** The object is gone: what still runs is killed. */
  forget(): void {
    this.#gone = true
    this.#hastenKill()
    this.#changes.notify()
  }

  /** Something about the Pod may have changed in the runtime. */
  notify(): void {
    this.#changes.notify()
  }

  containerExited(id: string): void {
    this.#exits.set(id, this.#options.context.clock.monotonicMs() + exitPatienceMs)
    this.#changes.notify()
  }

  /** Runs until the Pod is gone from the node, or `signal` aborts, which leaves everything as it is. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (await this.#changes.next(signal)) {
        this.#timer?.cancel()
        const outcome = await this.#sync().catch((error: unknown): Outcome => {
          if (!signal.aborted) this.#sayFailed(error)
          return { requeueAfterMs: retryAfterMs }
        })
        if (outcome === 'finished') return
        this.#requeue(outcome)
      }
    } finally {
      this.#timer?.cancel()
      this.#probes.stopAll()
    }
  }

  /** A runtime that is away is said once for all Pods, by who starts it again. */
  #sayFailed(error: unknown): void {
    const { log } = this.#options.context
    const fields = { error, pod: this.#options.uid }
    if (isUnavailable(error)) log.debug('pod sync failed, trying again', fields)
    else log.warn('pod sync failed, trying again', fields)
  }

  #requeue({ again, requeueAfterMs }: Exclude<Outcome, 'finished'>): void {
    if (again) this.#changes.notify()
    if (requeueAfterMs === undefined) return
    this.#timer = this.#options.context.clock.setTimer(Math.max(0, requeueAfterMs), this.#changes.notify)
  }

  async #sync(): Promise<Outcome> {
    const { context, uid } = this.#options
    this.#runtime = await readPodRuntime(context.cri, uid, this.#deadContainers)
    if (this.#isAwaitingExit()) return { requeueAfterMs: exitPollMs }
    const pod = this.#pod
    if (!pod || this.#gone) return this.#terminate(undefined)
    this.#checkDeadline(pod)
    this.#syncProbes(pod)
    if (pod.metadata?.deletionTimestamp || this.#failure) return this.#terminate(pod)
    const status = this.#report(pod, false)
    if (status.phase === 'Succeeded' || status.phase === 'Failed') return this.#terminate(pod)
    return this.#advance(pod)
  }

  /** Whether the runtime still calls a container running that has ended. */
  #isAwaitingExit(): boolean {
    const nowMs = this.#options.context.clock.monotonicMs()
    const running = new Set([
      ...this.#runtime.containers.filter(({ state }) => state === 'running').map(({ id }) => id),
      ...this.#runtime.sandboxes.filter(({ ready }) => ready).map(({ id }) => id),
    ])
    for (const [id, untilMs] of this.#exits) if (!running.has(id) || nowMs > untilMs) this.#exits.delete(id)
    return this.#exits.size > 0
  }

  /** After kubelet v1.36 active_deadline.go. */
  #checkDeadline(pod: ReadonlyPod): void {
    const remainingMs = this.#deadlineInMs(pod)
    if (this.#failure || remainingMs === undefined || remainingMs > 0) return
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#failure = { reason: 'DeadlineExceeded', message }
    this.#options.context.recorder.eventAbout(podReference(pod), 'Normal', 'DeadlineExceeded', message)
  }

  #deadlineInMs(pod: ReadonlyPod): number | undefined {
    const seconds = pod.spec?.activeDeadlineSeconds
    const startTime = this.#status?.startTime ?? pod.status?.startTime
    if (seconds === undefined || !startTime) return undefined
    return Date.parse(startTime) + seconds * 1000 - this.#options.context.clock.nowMs()
  }

  /** Readiness goes on while a Pod ends; the other probes must not kill what is being killed. */
  #syncProbes(pod: ReadonlyPod): void {
    const [address = ''] = addressesOf(this.#options.context, pod, this.#runtime).podIps
    const running = containersOf(pod).flatMap(({ kind, container }) => {
      const latest = latestContainer(this.#runtime, container.name)
      if (kind === 'ephemeral' || latest?.state !== 'running') return []
      const { livenessProbe: _liveness, startupProbe: _startup, ...rest } = container
      return [{ container: pod.metadata?.deletionTimestamp ? rest : container, runtime: latest }]
    })
    this.#probes.sync(running, address, (id) => {
      const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
      const known = statuses.find(({ containerID }) => containerID === containerIdUrl(id))
      return known && { started: known.started ?? false, ready: known.ready }
    })
  }

  #report(pod: ReadonlyPod, terminal: boolean): PodStatus {
    const { context, statusTarget } = this.#options
    const target = statusTarget(pod)
    this.#status = podStatus({
      pod,
      runtime: this.#runtime,
      previous: this.#status ?? target?.status ?? pod.status ?? {},
      waiting: this.#waiting,
      probes: {
        started: (id, container) => this.#probes.started(id, container),
        ready: (id, container) => this.#probes.ready(id, container),
      },
      hostIps: context.hostIps,
      terminal,
      failure: this.#failure,
      nowMs: context.clock.nowMs(),
    })
    if (target) context.statuses.set(target, this.#status)
    return this.#status
  }

  /** One step towards what the spec asks for. */
  async #advance(pod: ReadonlyPod): Promise<Outcome> {
    const { context, uid } = this.#options
    const podDirectory = join(context.podsDirectory, uid)
    const memoryDirectory = join(context.memoryDirectory, uid)
    await Promise.all([
      mkdir(podDirectory, { recursive: true, mode: 0o750 }),
      mkdir(memoryDirectory, { recursive: true, mode: 0o750 }),
      context.cgroups.ensure(pod),
    ])
    const volumes = await this.#setUpVolumes(pod, { podDirectory, memoryDirectory })
    if (!volumes) return { requeueAfterMs: retryAfterMs }
    const view = { pod, runtime: this.#runtime, verdicts: this.#probes.verdicts(), hashOf: containerHash }
    const result = await performActions(planPod(view), {
      context,
      pod,
      runtime: this.#runtime,
      objects: this.#objects,
      volumes,
      backOff: this.#backOff,
      waiting: this.#waiting,
      interrupted: () => this.#gone || this.#pod?.metadata?.deletionTimestamp !== undefined,
    })
    await collectDeadContainers(context, this.#runtime)
    if (result.changed) return { again: true }
    this.#report(pod, false)
    return { requeueAfterMs: this.#nextLookMs(pod, result.requeueAfterMs) }
  }

  async #setUpVolumes(pod: ReadonlyPod, places: { podDirectory: string; memoryDirectory: string }) {
    const { context } = this.#options
    const addresses = addressesOf(context, pod, this.#runtime)
    const contents = {
      pod,
      objects: this.#objects,
      tokens: context.tokens,
      addresses,
      allocatable: context.allocatable(),
    }
    try {
      return await setUpVolumes(contents, places)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      context.recorder.eventAbout(podReference(pod), 'Warning', 'FailedMount', message)
      return undefined
    }
  }

  /** The first of: back-off over, deadline reached, token old. */
  #nextLookMs(pod: ReadonlyPod, backOffMs: number | undefined): number | undefined {
    const { context, uid } = this.#options
    const refreshAtMs = context.tokens.refreshAtMs(uid)
    const candidates = [
      backOffMs,
      this.#deadlineInMs(pod),
      refreshAtMs === undefined ? undefined : refreshAtMs - context.clock.nowMs(),
    ].filter((span) => span !== undefined)
    return candidates.length > 0 ? Math.min(...candidates) : undefined
  }

  /** Kills what runs, shows the end, and clears up; a Pod that merely ended keeps its containers, for their logs. */
  async #terminate(pod: ReadonlyPod | undefined): Promise<Outcome> {
    const { context, uid } = this.#options
    if (this.#isAlive()) {
      const known = pod ?? this.#pod
      if (pod) this.#report(pod, false)
      const graceSeconds = this.#graceSeconds()
      this.#killGraceSeconds = graceSeconds
      await killPod({ context, pod: known, runtime: this.#runtime, graceSeconds })
      this.#killGraceSeconds = undefined
      return { again: true }
    }
    this.#probes.stopAll()
    if (pod) this.#report(pod, true)
    await tearDown(context, uid)
    // A static Pod ends only with its manifest: its mirror may be deleted at any time.
    const deleted = !pod || (pod.metadata?.deletionTimestamp !== undefined && !isStaticPod(pod))
    if (!deleted) return {}
    await context.statuses.flush(uid)
    await this.#options.removed(pod)
    return 'finished'
  }

  /** An object goes before its Pod only when it is deleted by force, which means now. */
  #graceSeconds(): number {
    return this.#gone && this.#pod ? 0 : graceSecondsOf(this.#pod, this.#runtime)
  }

  #isAlive(): boolean {
    return (
      readySandbox(this.#runtime) !== undefined ||
      this.#runtime.sandboxes.some(({ ready }) => ready) ||
      this.#runtime.containers.some(({ state }) => state === 'running')
    )
  }

  /** A second delete may shorten the grace while the first is being waited for. */
  #hastenKill(): void {
    const { context } = this.#options
    if (this.#killGraceSeconds === undefined) return
    const graceSeconds = this.#graceSeconds()
    if (graceSeconds >= this.#killGraceSeconds) return
    this.#killGraceSeconds = graceSeconds
    for (const { id, state } of this.#runtime.containers) {
      if (state !== 'running') continue
      context.cri.runtime.stopContainer({ containerId: id, timeout: graceSeconds }).catch((error: unknown) => {
        context.log.debug('container was not stopped sooner', { error, id })
      })
    }
  }
}
