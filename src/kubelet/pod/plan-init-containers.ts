import { isSidecar, type ReadonlyContainer } from './pod.ts'
import { isChanged, killUnknown, type PodAction, type PodView } from './pod-action.ts'
import { restartsAfterExit, restartsAfterKill } from './restart-policy.ts'
import { type ContainerRuntime, latestContainer } from './runtime-state.ts'

export interface InitPlan {
  /** Every init container has succeeded and every sidecar has started: the others may run. */
  readonly initialized: boolean
  /** One has failed for good: the Pod is over. */
  readonly failed: boolean
  readonly actions: readonly PodAction[]
}

/** What an init container asks for, and whether those before it are known to be done. */
interface Step {
  readonly actions: readonly PodAction[]
  /** It has done its part: the next one may start. */
  readonly done?: boolean
  readonly failed?: boolean
}

/**
 * Walks back from the last init container to the first that left a trace, since earlier ones may have been collected;
 * from there on back, only sidecars matter. After kubelet v1.36 kuberuntime_container.go computeInitContainerActions.
 */
export function planInitContainers(view: PodView): InitPlan {
  const { initContainers = [], containers = [] } = view.pod.spec ?? {}
  if (initContainers.length === 0) return { initialized: true, failed: false, actions: [] }
  let initialized = containers.some(({ name }) => {
    const state = latestContainer(view.runtime, name)?.state
    return state === 'created' || state === 'running'
  })
  let laterKnown = initialized
  const actions: PodAction[] = []
  for (const [index, container] of [...initContainers.entries()].reverse()) {
    const latest = latestContainer(view.runtime, container.name)
    if (!latest) {
      // After the start of a later one, a sidecar without trace was lost and is started again.
      if (laterKnown && isSidecar(container)) actions.unshift(start(container))
      continue
    }
    if (laterKnown && !isSidecar(container)) continue
    const step = isSidecar(container) ? planSidecar(view, container, latest) : planInit(view, container, latest)
    if (step.failed) return { initialized: false, failed: true, actions: [] }
    const next = initContainers[index + 1]
    if (step.done && !next) initialized = true
    if (step.done && next && !laterKnown) actions.unshift(start(next))
    actions.unshift(...step.actions)
    laterKnown = true
  }
  if (!laterKnown) actions.unshift(start(initContainers[0]!))
  return { initialized, failed: false, actions }
}

const start = ({ name }: ReadonlyContainer): PodAction => ({ type: 'startContainer', name, kind: 'init' })

function planInit(view: PodView, container: ReadonlyContainer, latest: ContainerRuntime): Step {
  switch (latest.state) {
    case 'running':
      return { actions: [] }
    case 'created':
      // Created and started are one step: it is likely that the start failed.
      return { actions: [start(container)] }
    case 'exited':
      if (latest.exitCode === 0) return { actions: [], done: true }
      if (!restartsAfterExit(container, view.pod.spec, latest.exitCode)) return { actions: [], failed: true }
      return { actions: [start(container)] }
    case 'unknown':
      if (!restartsAfterKill(container, view.pod)) return { actions: [], failed: true }
      return { actions: [killUnknown(latest, 'Init container'), start(container)] }
  }
}

function planSidecar(view: PodView, container: ReadonlyContainer, latest: ContainerRuntime): Step {
  if (latest.state === 'unknown') return { actions: [killUnknown(latest, 'Init container'), start(container)] }
  if (latest.state !== 'running') return { actions: [start(container)] }
  const { startup, liveness } = view.verdicts
  const restart = (why: string, reason: 'StartupProbe' | 'LivenessProbe' | undefined): PodAction[] => [
    {
      type: 'killContainer',
      containerId: latest.id,
      name: latest.name,
      message: `Init container ${container.name} ${why}`,
      reason,
    },
    start(container),
  ]
  if (container.startupProbe) {
    const verdict = startup.get(latest.id)
    if (verdict === undefined) return { actions: [] }
    if (!verdict) return { actions: restart('failed startup probe', 'StartupProbe') }
  }
  if (isChanged(view, container, latest)) return { actions: restart('definition changed', undefined), done: true }
  if (liveness.get(latest.id) === false) {
    return { actions: restart('failed liveness probe', 'LivenessProbe'), done: true }
  }
  return { actions: [], done: true }
}
