import { isNotFound } from '../cri/grpc-client.ts'
import { runHook } from './lifecycle-hook.ts'
import type { NodeContext } from './node-context.ts'
import { containersOf, isSidecar, type ReadonlyContainer, type ReadonlyPod } from './pod.ts'
import { containerReference } from './references.ts'
import {
  type ContainerRuntime,
  latestContainer,
  type PodRuntime,
  podGracePeriodAnnotation,
  readySandbox,
} from './runtime-state.ts'

/** A container gets at least this long between SIGTERM and SIGKILL: kubelet v1.36 kuberuntime_container.go. */
const minimumGraceSeconds = 2
/** Beside the grace itself: killing and noting the end take time too. */
const answerMs = 120_000

export type Killable = Pick<ContainerRuntime, 'id' | 'name' | 'state'>

export interface KillOptions {
  readonly context: NodeContext
  /** Undefined for containers whose Pod is no longer known. */
  readonly pod: ReadonlyPod | undefined
  readonly runtime: PodRuntime
  readonly graceSeconds: number
  /** Of the event. */
  readonly message?: string
}

/**
 * preStop, then SIGTERM, then SIGKILL when the grace is over. Resolves when the container is not running.
 * After kubelet v1.36 kuberuntime_container.go killContainer.
 */
export async function killContainer(container: Killable, options: KillOptions): Promise<void> {
  const { context, pod, graceSeconds, message = `Stopping container ${container.name}` } = options
  const spec = pod && containersOf(pod).find((one) => one.container.name === container.name)
  if (pod && spec) context.recorder.eventAbout(containerReference(pod, spec), 'Normal', 'Killing', message)
  const spentSeconds = spec && graceSeconds > 0 ? await runPreStop(container, spec.container, options) : 0
  const timeout = Math.max(minimumGraceSeconds, graceSeconds - spentSeconds)
  try {
    await context.cri.runtime.stopContainer(
      { containerId: container.id, timeout },
      { signal: context.signal, timeoutMs: timeout * 1000 + answerMs },
    )
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Answers the whole seconds it took. A failure is told in an event and stops nothing. */
async function runPreStop(
  { id, state }: Killable,
  container: ReadonlyContainer,
  { context, pod, runtime, graceSeconds }: KillOptions,
): Promise<number> {
  const handler = container.lifecycle?.preStop
  if (!handler || state !== 'running' || !pod) return 0
  const { cri, clock, recorder, log } = context
  const startedMs = clock.monotonicMs()
  const expired = new AbortController()
  const timer = clock.setTimer(graceSeconds * 1000, () => expired.abort())
  const signal = AbortSignal.any([expired.signal, context.signal])
  const address = readySandbox(runtime)?.ips[0] ?? context.hostIps[0] ?? ''
  const timeoutMs = graceSeconds * 1000
  try {
    await runHook({ cri, clock, handler, container, containerId: id, address, timeoutMs, signal })
  } catch (error) {
    context.signal.throwIfAborted()
    log.info('preStop hook failed', { error, container: container.name })
    const reference = containerReference(pod, containersOf(pod).find((one) => one.container.name === container.name)!)
    // Its words are not shown: they may hold secrets.
    recorder.eventAbout(reference, 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
  } finally {
    timer.cancel()
  }
  return Math.floor((clock.monotonicMs() - startedMs) / 1000)
}

/**
 * Stops all containers, then the sandboxes. Sidecars go last and in reverse order, each with what is left of the grace.
 * After kubelet v1.36 kuberuntime_manager.go killPodWithSyncResult and termination_order.go.
 */
export async function killPod(options: KillOptions): Promise<void> {
  const { context, pod, runtime } = options
  const alive = runtime.containers.filter(({ state }) => state === 'running' || state === 'unknown')
  const sidecars = (pod?.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name)
  const startedMs = context.clock.monotonicMs()
  await Promise.all(
    alive.filter(({ name }) => !sidecars.includes(name)).map((container) => killContainer(container, options)),
  )
  for (const name of sidecars.reverse()) {
    const sidecar = latestContainer(runtime, name)
    if (!sidecar || !alive.includes(sidecar)) continue
    const spentSeconds = Math.floor((context.clock.monotonicMs() - startedMs) / 1000)
    await killContainer(sidecar, { ...options, graceSeconds: Math.max(0, options.graceSeconds - spentSeconds) })
  }
  const ready = runtime.sandboxes.filter((sandbox) => sandbox.ready)
  await Promise.all(ready.map(({ id }) => context.cri.runtime.stopPodSandbox({ podSandboxId: id })))
}

/** How long a Pod has to end: what the deletion asked for, what its spec says, or what its containers remember. */
export function graceSecondsOf(pod: ReadonlyPod | undefined, runtime: PodRuntime): number {
  if (pod?.metadata?.deletionTimestamp) return pod.metadata.deletionGracePeriodSeconds ?? 0
  if (pod) return pod.spec?.terminationGracePeriodSeconds ?? 30
  const remembered = runtime.containers[0]?.annotations[podGracePeriodAnnotation]
  return Number(remembered ?? 30) || 0
}
