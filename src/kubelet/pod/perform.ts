import { podDns } from '../containers/dns.ts'
import type { ReferencedObjects } from '../containers/environment.ts'
import { sandboxConfig } from '../containers/sandbox-config.ts'
import { grpcMessage } from '../cri/grpc-client.ts'
import type { MountedVolumes } from '../volumes/volumes.ts'
import { type BackOff, goSeconds } from './back-off.ts'
import { graceSecondsOf, killContainer, killPod } from './kill.ts'
import type { NodeContext } from './node-context.ts'
import { containersOf, formatPod, type ReadonlyPod, type SpecContainer } from './pod.ts'
import type { PodAction } from './pod-action.ts'
import { hostnameOf } from './pod-network.ts'
import { containerReference, podReference } from './references.ts'
import { latestContainer, type PodRuntime, readySandbox } from './runtime-state.ts'
import { startContainer } from './start-container.ts'
import type { WaitingReason } from './status/container-statuses.ts'

export interface PerformContext {
  readonly context: NodeContext
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  readonly objects: ReferencedObjects
  readonly volumes: MountedVolumes
  readonly backOff: BackOff
  /** Filled with the reasons of containers that could not be started. */
  readonly waiting: Map<string, WaitingReason>
  /** The Pod is to end: start nothing more. */
  readonly interrupted: () => boolean
}

/** What came of an action. `changed`: the runtime differs, so look again at once. */
export interface ActionResult {
  readonly changed: boolean
  readonly requeueAfterMs?: number | undefined
}

type Performer = {
  readonly [A in PodAction as A['type']]: (action: A, perform: PerformContext) => Promise<ActionResult>
}

const retryAfterMs = 1_000

const performers: Performer = {
  async killPod(_, { context, pod, runtime }) {
    if (!isAlive(runtime)) return { changed: false }
    await killPod({ context, pod, runtime, graceSeconds: graceSecondsOf(pod, runtime) })
    return { changed: true }
  },

  async killContainer({ containerId, name, message, reason }, { context, pod, runtime }) {
    const container = runtime.containers.find(({ id }) => id === containerId)
    if (!container) return { changed: true }
    const spec = containersOf(pod).find((one) => one.container.name === name)?.container
    const probe =
      reason === 'LivenessProbe' ? spec?.livenessProbe : reason === 'StartupProbe' ? spec?.startupProbe : undefined
    const graceSeconds = probe?.terminationGracePeriodSeconds ?? graceSecondsOf(pod, runtime)
    await killContainer(container, { context, pod, runtime, graceSeconds, message })
    return { changed: true }
  },

  async createSandbox({ attempt }, perform) {
    const { context, pod, runtime } = perform
    if (attempt > 0 && runtime.containers.length > 0) {
      const message = 'Pod sandbox changed, it will be killed and re-created.'
      context.recorder.eventAbout(podReference(pod), 'Normal', 'SandboxChanged', message)
    }
    try {
      await context.cri.runtime.runPodSandbox({ config: sandboxConfigOf(perform, attempt) })
      return { changed: true }
    } catch (error) {
      const message = `Failed to create pod sandbox: ${grpcMessage(error)}`
      context.recorder.eventAbout(podReference(pod), 'Warning', 'FailedCreatePodSandBox', message)
      return { changed: false, requeueAfterMs: retryAfterMs }
    }
  },

  async startContainer({ name }, perform) {
    const { context, pod, runtime, waiting } = perform
    const spec = containersOf(pod).find((one) => one.container.name === name)
    const sandbox = readySandbox(runtime)
    if (!spec || !sandbox || perform.interrupted()) return { changed: true }
    // What is being killed in this round starts in the next, when its end is known.
    if (latestContainer(runtime, name)?.state === 'running') return { changed: true }
    const waitMs = backOffMs(perform, spec)
    if (waitMs > 0) return { changed: false, requeueAfterMs: waitMs }
    const fault = await startContainer({
      ...perform,
      context,
      spec,
      sandboxId: sandbox.id,
      sandboxConfig: sandboxConfigOf(perform, sandbox.attempt),
    })
    if (!fault) {
      waiting.delete(name)
      return { changed: true }
    }
    waiting.set(name, { reason: fault.reason, message: fault.message })
    return { changed: false, requeueAfterMs: fault.retryAfterMs ?? retryAfterMs }
  },
}

/** Performs a plan in its order. A failed start does not keep other containers from starting. */
export async function performActions(actions: readonly PodAction[], context: PerformContext): Promise<ActionResult> {
  let changed = false
  let requeueAfterMs: number | undefined
  for (const action of actions) {
    const perform = performers[action.type] as (action: PodAction, context: PerformContext) => Promise<ActionResult>
    const result = await perform(action, context)
    changed ||= result.changed
    if (result.requeueAfterMs !== undefined) {
      requeueAfterMs = Math.min(requeueAfterMs ?? Number.POSITIVE_INFINITY, result.requeueAfterMs)
    }
    // A new sandbox must be seen before anything can run in it.
    if (action.type === 'killPod' && result.changed) break
  }
  return { changed, requeueAfterMs }
}

const isAlive = ({ sandboxes, containers }: PodRuntime) =>
  sandboxes.some(({ ready }) => ready) || containers.some(({ state }) => state === 'running' || state === 'unknown')

function sandboxConfigOf({ context, pod }: PerformContext, attempt: number) {
  const { clusterDns, clusterDomain, nodeDns, cgroups, podLogsDirectory } = context
  return sandboxConfig({
    pod,
    attempt,
    hostname: hostnameOf(context, pod).hostname,
    dns: podDns({ pod, clusterDns, clusterDomain, node: nodeDns }),
    cgroupParent: cgroups.pathOf(pod),
    podLogsDirectory,
  })
}

/** How long to wait before a container that has ended starts again; counts the attempt when it is not to wait. */
function backOffMs({ context, pod, runtime, backOff, waiting }: PerformContext, spec: SpecContainer): number {
  const { name } = spec.container
  const latest = latestContainer(runtime, name)
  if (latest?.state !== 'exited') return 0
  const nowMs = context.clock.nowMs()
  const waitMs = backOff.remainingMs(name, latest.finishedAtMs, nowMs)
  if (waitMs === 0) {
    backOff.next(name, latest.finishedAtMs, nowMs)
    return 0
  }
  const delay = goSeconds(backOff.delayMs(name))
  const message = `back-off ${delay} restarting failed container=${name} pod=${formatPod(pod)}`
  if (waiting.get(name)?.reason !== 'CrashLoopBackOff') {
    const text = `Back-off restarting failed container ${name} in pod ${formatPod(pod)}`
    context.recorder.eventAbout(containerReference(pod, spec), 'Warning', 'BackOff', text)
  }
  waiting.set(name, { reason: 'CrashLoopBackOff', message })
  return waitMs
}
