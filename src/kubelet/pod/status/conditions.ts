import type { ContainerStatus, PodCondition } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { sandboxPlan } from '../plan-pod.ts'
import { isSidecar, type ReadonlyContainer, type ReadonlyPod } from '../pod.ts'
import type { PodRuntime } from '../runtime-state.ts'
import { timestamp } from './container-statuses.ts'

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>

export interface ConditionsView {
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  readonly phase: string
  /** Init and regular containers. */
  readonly statuses: readonly ContainerStatus[]
  readonly previous: readonly DeepReadonly<PodCondition>[]
  readonly nowMs: number
}

/** Conditions that belong to the kubelet; it keeps all others as they are. After kubelet v1.36 types/pod_status.go. */
const owned = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled']

/** All conditions, those of others first. After kubelet v1.36 status/generate.go and kubelet_pods.go. */
export function podConditions(view: ConditionsView): PodCondition[] {
  const foreign = (view.pod.status?.conditions ?? [])
    .filter(({ type }) => !owned.includes(type))
    .map((one) => ({ ...one }))
  const containersReady = containersReadyVerdict(view)
  const verdicts: [string, Verdict][] = [
    ['PodReadyToStartContainers', { status: sandboxPlan(view.pod, view.runtime).create ? 'False' : 'True' }],
    ['Initialized', initializedVerdict(view)],
    ['Ready', readyVerdict(view, containersReady, foreign)],
    ['ContainersReady', containersReady],
    ['PodScheduled', { status: 'True' }],
  ]
  return [...foreign, ...verdicts.map(([type, verdict]) => condition(view, type, verdict))]
}

/** The transition time stays for as long as the status does. */
function condition({ pod, previous, nowMs }: ConditionsView, type: string, verdict: Verdict): PodCondition {
  const before = previous.find((one) => one.type === type)
  const unchanged = before?.status === verdict.status && before.lastTransitionTime
  const generation = pod.metadata?.generation
  return {
    type,
    ...(generation ? { observedGeneration: generation } : {}),
    ...verdict,
    lastTransitionTime: unchanged ? unchanged : timestamp(nowMs),
  }
}

const isTrue: Verdict = { status: 'True' }

function containersReadyVerdict({ pod, phase, statuses }: ConditionsView): Verdict {
  if (statuses.length === 0) return { status: 'False', reason: 'UnknownContainerStatuses' }
  const expected = [...(pod.spec?.initContainers ?? []).filter(isSidecar), ...(pod.spec?.containers ?? [])]
  const { unknown, failing } = sift(expected, statuses, (_, status) => status.ready)
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const message = describe(unknown, failing, 'unready')
  return message === '' ? isTrue : { status: 'False', reason: 'ContainersNotReady', message }
}

function readyVerdict({ pod, previous }: ConditionsView, ready: Verdict, foreign: readonly PodCondition[]): Verdict {
  if (ready.status !== 'True') return ready
  const conditions = [...foreign, ...previous]
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = conditions.find(({ type }) => type === conditionType)
    if (!gate) return [`corresponding condition of pod readiness gate ${quote(conditionType)} does not exist.`]
    if (gate.status === 'True') return []
    return [`the status of pod readiness gate ${quote(conditionType)} is not "True", but ${gate.status}`]
  })
  return messages.length === 0
    ? isTrue
    : { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
}

function initializedVerdict({ pod, phase, statuses }: ConditionsView): Verdict {
  const { initContainers = [], containers = [] } = pod.spec ?? {}
  if (statuses.length === 0 && initContainers.length > 0) return { status: 'False', reason: 'UnknownContainerStatuses' }
  const { unknown, failing } = sift(initContainers, statuses, (container, status) =>
    isSidecar(container) ? status.started === true : status.ready,
  )
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' }
  // Sidecars that restart do not undo what has been reached before.
  if (containers.some(({ name }) => hasStarted(statuses.find((status) => status.name === name)))) return isTrue
  const message = describe(unknown, failing, 'incomplete')
  return message === '' ? isTrue : { status: 'False', reason: 'ContainersNotInitialized', message }
}

function hasStarted(status: ContainerStatus | undefined): boolean {
  return Boolean(status?.state?.running || status?.state?.terminated || status?.lastState?.terminated)
}

function sift(
  containers: readonly ReadonlyContainer[],
  statuses: readonly ContainerStatus[],
  passes: (container: ReadonlyContainer, status: ContainerStatus) => boolean,
): { unknown: string[]; failing: string[] } {
  const unknown: string[] = []
  const failing: string[] = []
  for (const container of containers) {
    const status = statuses.find(({ name }) => name === container.name)
    if (!status) unknown.push(container.name)
    else if (!passes(container, status)) failing.push(container.name)
  }
  return { unknown, failing }
}

function describe(unknown: readonly string[], failing: readonly string[], adjective: string): string {
  return [
    ...(unknown.length > 0 ? [`containers with unknown status: [${unknown.join(' ')}]`] : []),
    ...(failing.length > 0 ? [`containers with ${adjective} status: [${failing.join(' ')}]`] : []),
  ].join(', ')
}

const quote = (text: string) => JSON.stringify(text)
