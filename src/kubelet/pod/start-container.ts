import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { containerConfig } from '../containers/container-config.ts'
import type { ReferencedObjects } from '../containers/environment.ts'
import { containerEnvironment } from '../containers/environment.ts'
import { podLogDirectory } from '../containers/sandbox-config.ts'
import { runAsNonRootFault } from '../containers/security.ts'
import { grpcMessage } from '../cri/grpc-client.ts'
import type { CriRequest } from '../cri/messages.ts'
import type { PresentImage } from '../images/image-puller.ts'
import { pullAuths } from '../images/pull-secrets.ts'
import type { MountedVolumes } from '../volumes/volumes.ts'
import { containerMounts } from './container-mounts.ts'
import { killContainer } from './kill.ts'
import { runHook } from './lifecycle-hook.ts'
import type { NodeContext } from './node-context.ts'
import { type ReadonlyPod, type SpecContainer, uidOf } from './pod.ts'
import { addressesOf } from './pod-network.ts'
import { containerReference } from './references.ts'
import { type ContainerRuntime, latestContainer, type PodRuntime, restartCountOf } from './runtime-state.ts'

export interface StartOptions {
  readonly context: NodeContext
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  readonly objects: ReferencedObjects
  readonly spec: SpecContainer
  readonly sandboxId: string
  readonly sandboxConfig: CriRequest<'PodSandboxConfig'>
  readonly volumes: MountedVolumes
}

/** Why a container was not started, in the words of its status. */
export interface StartFault {
  readonly reason: string
  readonly message: string
  readonly retryAfterMs?: number
}

/**
 * Image, configuration, create, start, postStart. A refusal is a value, told in an event too.
 * After kubelet v1.36 kuberuntime_container.go startContainer.
 */
export async function startContainer(options: StartOptions): Promise<StartFault | undefined> {
  const { context, pod, spec, sandboxId: podSandboxId, sandboxConfig } = options
  const event: TellEvent = (type, reason, message) =>
    context.recorder.eventAbout(containerReference(pod, spec), type, reason, message)
  const pulled = await ensureImage(options, event)
  if (!pulled.ok) {
    event('Warning', 'Failed', `Error: ${pulled.fault.reason}`)
    return pulled.fault
  }
  try {
    const config = await step('CreateContainerConfigError', () => configure(options, pulled.image))
    const { containerId } = await step('CreateContainerError', () =>
      context.cri.runtime.createContainer({ podSandboxId, config, sandboxConfig }),
    )
    event('Normal', 'Created', 'Container created')
    await step('RunContainerError', () => context.cri.runtime.startContainer({ containerId }))
    event('Normal', 'Started', 'Container started')
    return await runPostStart(options, containerId)
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    event('Warning', 'Failed', `Error: ${error.message}`)
    return { reason: error.reason, message: error.message }
  }
}

type TellEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void

async function ensureImage({ context, pod, objects, spec, sandboxConfig }: StartOptions, event: TellEvent) {
  const { image = '', imagePullPolicy: policy = 'IfNotPresent' } = spec.container
  const auths = await pullAuths(pod, objects, image)
  return context.images.ensure({ podUid: uidOf(pod), image, policy, auths, sandboxConfig, event })
}

/** A step of the start that failed, with the reason that the status shows for it. */
class StepFailed extends Error {
  readonly reason: string

  constructor(reason: string, message: string, options: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

async function step<T>(reason: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new StepFailed(reason, criText(cause), { cause })
  }
}

/** The runtime's sentence alone: upstream takes it out of the gRPC status. */
function criText(error: unknown): string {
  return grpcMessage(error).replace(/^rpc error: code = \w+ desc = /, '')
}

async function configure(options: StartOptions, image: PresentImage): Promise<CriRequest<'ContainerConfig'>> {
  const { context, pod, runtime, objects, spec, volumes } = options
  const { container } = spec
  const fault = runAsNonRootFault(pod, container, image)
  if (fault) throw new Error(fault)
  const environment = await containerEnvironment({
    pod,
    container,
    objects,
    services: context.services(),
    addresses: addressesOf(context, pod, runtime),
    allocatable: context.allocatable(),
  })
  const mounts = await containerMounts({ context, pod, runtime, container, volumes, environment })
  const logDirectory = join(podLogDirectory(context.podLogsDirectory, pod), container.name)
  const restartCount = await nextRestartCount(latestContainer(runtime, container.name), logDirectory)
  await mkdir(logDirectory, { recursive: true, mode: 0o755 })
  const target = pod.spec?.ephemeralContainers?.find(({ name }) => name === container.name)?.targetContainerName
  return containerConfig({
    pod,
    container,
    restartCount,
    imageRef: image.ref,
    environment,
    mounts,
    nodeMemoryBytes: context.nodeMemoryBytes,
    targetId: target ? latestContainer(runtime, target)?.id : undefined,
  })
}

/** One more than before. When the runtime forgot the container, as after a reboot, the log files still tell. */
async function nextRestartCount(latest: ContainerRuntime | undefined, logDirectory: string): Promise<number> {
  if (latest) return restartCountOf(latest) + 1
  const names = await readdir(logDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const counts = names.flatMap((name) => /^(\d+)\.log/.exec(name)?.[1] ?? []).map(Number)
  return counts.length > 0 ? Math.max(...counts) + 1 : 0
}

/** A container whose postStart fails is killed, and starts again by its restart policy. */
async function runPostStart(options: StartOptions, containerId: string): Promise<StartFault | undefined> {
  const { context, pod, runtime, spec } = options
  const handler = spec.container.lifecycle?.postStart
  if (!handler) return undefined
  const { cri, clock, log, recorder, signal } = context
  const address = addressesOf(context, pod, runtime).podIps[0] ?? ''
  try {
    await runHook({
      cri,
      clock,
      handler,
      container: spec.container,
      containerId,
      address,
      timeoutMs: 24 * 3_600_000,
      signal,
    })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    log.info('postStart hook failed', { error, container: spec.container.name })
    recorder.eventAbout(containerReference(pod, spec), 'Warning', 'FailedPostStartHook', 'PostStartHook failed')
    const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? 30
    const started = { id: containerId, name: spec.container.name, state: 'running' } as const
    await killContainer(started, { context, pod, runtime, graceSeconds, message: 'FailedPostStartHook' })
    return { reason: 'PostStartHookError', message: error instanceof Error ? error.message : String(error) }
  }
}
