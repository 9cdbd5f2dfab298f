import { planInitContainers } from './plan-init-containers.ts'
import { isHostNetwork, type ReadonlyContainer, type ReadonlyPod, restartPolicyOf } from './pod.ts'
import { isChanged, type KillReason, killUnknown, type PodAction, type PodView } from './pod-action.ts'
import { restartsAfterKill, shouldContainerBeRestarted } from './restart-policy.ts'
import { type ContainerRuntime, latestContainer, type PodRuntime } from './runtime-state.ts'

/**
 * What is to be done so that the runtime holds what the spec asks for. Kills come first; a sandbox is created alone,
 * since what follows depends on it. After kubelet v1.36 kuberuntime_manager.go computePodActions.
 */
export function planPod(view: PodView): PodAction[] {
  const { pod, runtime } = view
  const sandbox = sandboxPlan(pod, runtime)
  if (sandbox.create) return planSandbox(view, sandbox.attempt)

  const ephemeral = (pod.spec?.ephemeralContainers ?? [])
    .filter(({ name }) => !latestContainer(runtime, name))
    .map(({ name }): PodAction => ({ type: 'startContainer', name, kind: 'ephemeral' }))

  const init = planInitContainers(view)
  if (init.failed) return [{ type: 'killPod' }]
  if (!init.initialized) return sorted([...ephemeral, ...init.actions])

  const regular = planRegularContainers(view)
  if (regular.keep === 0 && !regular.actions.some(({ type }) => type === 'startContainer')) return [{ type: 'killPod' }]
  return sorted([...ephemeral, ...init.actions, ...regular.actions])
}

const order = { killPod: 0, killContainer: 1, createSandbox: 2, startContainer: 3 }

function sorted(actions: PodAction[]): PodAction[] {
  return actions.sort((a, b) => order[a.type] - order[b.type])
}

/** Whether the Pod needs a new sandbox. After kubelet v1.36 kuberuntime/util PodSandboxChanged. */
export function sandboxPlan(pod: ReadonlyPod, runtime: PodRuntime): { create: boolean; attempt: number } {
  const [latest] = runtime.sandboxes
  if (!latest) return { create: true, attempt: 0 }
  const next = { create: true, attempt: latest.attempt + 1 }
  if (runtime.sandboxes.filter(({ ready }) => ready).length > 1) return next
  if (!latest.ready || latest.hostNetwork !== isHostNetwork(pod)) return next
  if (!isHostNetwork(pod) && latest.ips.length === 0) return next
  return { create: false, attempt: latest.attempt }
}

/** All that ran in the old sandbox is killed first; a Pod that is done gets no new one. */
function planSandbox({ pod, runtime }: PodView, attempt: number): PodAction[] {
  const kill: PodAction[] = runtime.sandboxes.length > 0 ? [{ type: 'killPod' }] : []
  if (restartPolicyOf(pod.spec) === 'Never' && attempt !== 0 && runtime.containers.length > 0) return kill
  const { containers = [] } = pod.spec ?? {}
  const anyToStart = containers.some((container) => !isDone(container, pod, runtime))
  const wasInitialized = containers.some(({ name }) => latestContainer(runtime, name))
  if (!anyToStart && wasInitialized) return kill
  return [...kill, { type: 'createSandbox', attempt }]
}

function isDone(container: ReadonlyContainer, pod: ReadonlyPod, runtime: PodRuntime): boolean {
  const policy = container.restartPolicy ?? restartPolicyOf(pod.spec)
  const latest = latestContainer(runtime, container.name)
  return policy === 'OnFailure' && latest?.state === 'exited' && latest.exitCode === 0
}

function planRegularContainers(view: PodView): { actions: PodAction[]; keep: number } {
  const actions: PodAction[] = []
  let keep = 0
  for (const container of view.pod.spec?.containers ?? []) {
    const latest = latestContainer(view.runtime, container.name)
    const start: PodAction = { type: 'startContainer', name: container.name, kind: 'regular' }
    if (latest?.state !== 'running') {
      if (!shouldContainerBeRestarted(container, view.pod, view.runtime)) continue
      if (latest?.state === 'unknown') actions.push(killUnknown(latest, 'Container'))
      actions.push(start)
      continue
    }
    const fault = faultOf(view, container, latest)
    if (!fault) {
      keep += 1
      continue
    }
    const message = fault.restart ? `${fault.message}, will be restarted` : fault.message
    actions.push({ type: 'killContainer', containerId: latest.id, name: latest.name, message, reason: fault.reason })
    if (fault.restart) actions.push(start)
  }
  return { actions, keep }
}

interface Fault {
  message: string
  reason: KillReason
  restart: boolean
}

function faultOf(view: PodView, container: ReadonlyContainer, running: ContainerRuntime): Fault | undefined {
  const { name } = container
  const restart = restartsAfterKill(container, view.pod)
  if (isChanged(view, container, running)) {
    // Whatever the restart policy: what runs is not what the spec asks for.
    return { message: `Container ${name} definition changed`, reason: undefined, restart: true }
  }
  if (view.verdicts.liveness.get(running.id) === false) {
    return { message: `Container ${name} failed liveness probe`, reason: 'LivenessProbe', restart }
  }
  if (view.verdicts.startup.get(running.id) === false) {
    return { message: `Container ${name} failed startup probe`, reason: 'StartupProbe', restart }
  }
  return undefined
}
