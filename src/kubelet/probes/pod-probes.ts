import type { Probe } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { untilAborted } from '../../platform/until-aborted.ts'
import type { Cri } from '../cri/cri.ts'
import type { ReadonlyContainer } from '../pod/pod.ts'
import type { ContainerRuntime } from '../pod/runtime-state.ts'
import { runProbe } from './prober.ts'
import { countAnswer, noRun } from './thresholds.ts'

type ProbeType = 'Liveness' | 'Readiness' | 'Startup'

export interface PodProbesOptions {
  readonly cri: Cri
  readonly clock: Clock
  readonly log: Logger
  /** Called when a verdict changes: the Pod must be looked at. */
  readonly changed: () => void
  readonly event: (container: ReadonlyContainer, reason: string, message: string) => void
}

/** What the API still says of a container that ran before this process: it stays until the probes say otherwise. */
export interface KnownState {
  readonly started: boolean
  readonly ready: boolean
}

interface ContainerProbes {
  readonly stop: AbortController
  /** Aborts as soon as the container counts as started. */
  readonly started: AbortController
  startup: boolean | undefined
  liveness: boolean | undefined
  readiness: boolean | undefined
}

/** The probes of one Pod: a loop for each probe of each running container. After kubelet v1.36 prober. */
export class PodProbes {
  readonly #options: PodProbesOptions
  readonly #containers = new Map<string, ContainerProbes>()

  constructor(options: PodProbesOptions) {
    this.#options = options
  }

  /** Starts the probes of containers that run now and ends those of containers that do not. */
  sync(
    running: readonly { container: ReadonlyContainer; runtime: ContainerRuntime }[],
    address: string,
    known: (containerId: string) => KnownState | undefined,
  ): void {
    const ids = new Set(running.map(({ runtime }) => runtime.id))
    for (const [id, probes] of this.#containers) {
      if (ids.has(id)) continue
      probes.stop.abort()
      this.#containers.delete(id)
    }
    for (const { container, runtime } of running) {
      if (!this.#containers.has(runtime.id)) this.#begin(container, runtime, address, known(runtime.id))
    }
  }

  stopAll(): void {
    for (const { stop } of this.#containers.values()) stop.abort()
    this.#containers.clear()
  }

  started(id: string, { startupProbe }: ReadonlyContainer): boolean {
    return startupProbe === undefined || this.#containers.get(id)?.startup === true
  }

  ready(id: string, { readinessProbe }: ReadonlyContainer): boolean {
    return readinessProbe === undefined || this.#containers.get(id)?.readiness === true
  }

  /** Verdicts by container ID, for the plan. */
  verdicts(): { liveness: Map<string, boolean>; startup: Map<string, boolean> } {
    const liveness = new Map<string, boolean>()
    const startup = new Map<string, boolean>()
    for (const [id, probes] of this.#containers) {
      if (probes.liveness !== undefined) liveness.set(id, probes.liveness)
      if (probes.startup !== undefined) startup.set(id, probes.startup)
    }
    return { liveness, startup }
  }

  #begin(container: ReadonlyContainer, runtime: ContainerRuntime, address: string, known?: KnownState): void {
    const { startupProbe, livenessProbe, readinessProbe } = container
    const probes: ContainerProbes = {
      stop: new AbortController(),
      started: new AbortController(),
      startup: startupProbe && known?.started ? true : undefined,
      liveness: livenessProbe ? true : undefined,
      readiness: readinessProbe ? (known?.ready ?? false) : undefined,
    }
    this.#containers.set(runtime.id, probes)
    if (!startupProbe || probes.startup) probes.started.abort()
    const context = { container, runtime, address, probes }
    if (startupProbe && !probes.startup) this.#launch('Startup', startupProbe, context)
    if (livenessProbe) this.#launch('Liveness', livenessProbe, context)
    if (readinessProbe) this.#launch('Readiness', readinessProbe, context)
  }

  #launch(type: ProbeType, probe: DeepReadonly<Probe>, context: LoopContext): void {
    this.#loop(type, probe, context).catch((error: unknown) => {
      this.#options.log.error('probe loop ended', { error, container: context.container.name, type })
    })
  }

  async #loop(type: ProbeType, probe: DeepReadonly<Probe>, context: LoopContext): Promise<void> {
    const { clock } = this.#options
    const { runtime, probes } = context
    const stop = probes.stop.signal
    if (type !== 'Startup') await untilAborted(AbortSignal.any([probes.started.signal, stop]))
    await clock.sleep(runtime.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000 - clock.nowMs(), stop)
    const thresholds = { success: probe.successThreshold ?? 1, failure: probe.failureThreshold ?? 3 }
    let run = noRun
    while (!stop.aborted) {
      const success = await this.#ask(type, probe, context)
      if (stop.aborted) return
      if (success !== undefined) {
        const counted = countAnswer(run, success, thresholds)
        run = counted.run
        if (counted.verdict !== undefined && this.#settle(type, probes, counted.verdict)) return
      }
      await clock.sleep((probe.periodSeconds ?? 10) * 1000, stop)
    }
  }

  /** Whether the loop is over: a startup probe has answered, or the container is about to be killed. */
  #settle(type: ProbeType, probes: ContainerProbes, verdict: boolean): boolean {
    const field = type.toLowerCase() as 'startup' | 'liveness' | 'readiness'
    const changed = probes[field] !== verdict
    probes[field] = verdict
    if (type === 'Startup' && verdict) probes.started.abort()
    if (changed) this.#options.changed()
    return type === 'Startup' || (type === 'Liveness' && !verdict)
  }

  /** Undefined when the probe could not be run. */
  async #ask(type: ProbeType, probe: DeepReadonly<Probe>, context: LoopContext): Promise<boolean | undefined> {
    const { cri, event } = this.#options
    const { container, runtime, address, probes } = context
    try {
      const { result, output } = await runProbe(cri, { probe, container, containerId: runtime.id, address })
      if (probes.stop.signal.aborted) return undefined
      if (result === 'failure') event(container, 'Unhealthy', `${type} probe failed: ${output}`)
      if (result === 'warning') event(container, 'ProbeWarning', `${type} probe warning: ${output}`)
      return result !== 'failure'
    } catch (error) {
      if (probes.stop.signal.aborted) return undefined
      const why = error instanceof Error ? error.message : String(error)
      event(container, 'Unhealthy', `${type} probe errored and resulted in unknown state: ${why}`)
      return undefined
    }
  }
}

interface LoopContext {
  readonly container: ReadonlyContainer
  readonly runtime: ContainerRuntime
  readonly address: string
  readonly probes: ContainerProbes
}
