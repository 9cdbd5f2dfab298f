import type { ContainerStatus } from '../../../api/types/core/v1.ts'
import { isSidecar, isStaticPod, type ReadonlyContainer, type ReadonlyPod } from '../pod.ts'
import { restartsAfterExit } from '../restart-policy.ts'

export interface PhaseView {
  readonly pod: ReadonlyPod
  readonly statuses: readonly ContainerStatus[]
  /** Nothing will be started any more: deleted, evicted or past its deadline. */
  readonly terminal: boolean
  /** A regular container has been started in the present sandbox. */
  readonly initialized: boolean
}

/** After kubelet v1.36 kubelet_pods.go getPhase. */
export function podPhase(view: PhaseView): string {
  const init = countInit(view)
  const main = countMain(view)
  if (init.failedForGood > 0) return 'Failed'
  const initPending = init.pending > 0 || (main.pendingSidecars > 0 && !view.initialized)
  if (initPending || main.waiting > 0) return 'Pending'
  if (main.running > 0 && main.unknown === 0) return 'Running'
  if (main.running > 0 || main.stopped === 0 || main.unknown > 0) return 'Pending'
  const outcome = main.stopped === main.succeeded ? 'Succeeded' : 'Failed'
  if (view.terminal && !isStaticPod(view.pod)) return outcome
  return main.stopped === main.stoppedForGood ? outcome : 'Running'
}

function countInit({ pod, statuses }: PhaseView): { pending: number; failedForGood: number } {
  const counts = { pending: 0, failedForGood: 0 }
  for (const container of (pod.spec?.initContainers ?? []).filter((one) => !isSidecar(one))) {
    const end = endOf(statuses.find(({ name }) => name === container.name))
    if (end === undefined) counts.pending += 1
    else if (end !== 0 && !restartsAfterExit(container, pod.spec, end)) counts.failedForGood += 1
  }
  return counts
}

/** The exit code of a container that has ended, also when it waits to start again; undefined while it has not. */
function endOf(status: ContainerStatus | undefined): number | undefined {
  if (status?.state?.running) return undefined
  if (status?.state?.terminated) return status.state.terminated.exitCode
  return status?.state?.waiting ? status.lastState?.terminated?.exitCode : undefined
}

interface MainCounts {
  running: number
  waiting: number
  unknown: number
  stopped: number
  stoppedForGood: number
  succeeded: number
  pendingSidecars: number
}

function countMain({ pod, statuses }: PhaseView): MainCounts {
  const counts: MainCounts = {
    running: 0,
    waiting: 0,
    unknown: 0,
    stopped: 0,
    stoppedForGood: 0,
    succeeded: 0,
    pendingSidecars: 0,
  }
  const byName = new Map(statuses.map((status) => [status.name, status]))
  for (const container of (pod.spec?.initContainers ?? []).filter(isSidecar)) {
    countSidecar(counts, byName.get(container.name))
  }
  for (const container of pod.spec?.containers ?? []) countRegular(counts, container, byName.get(container.name), pod)
  return counts
}

/** Ended sidecars do not count for the phase. */
function countSidecar(counts: MainCounts, status: ContainerStatus | undefined): void {
  if (status?.state?.terminated) return
  if (status?.state?.running) {
    counts.running += 1
    if (!status.started) counts.pendingSidecars += 1
  } else if (!status) {
    counts.unknown += 1
  } else if (!status.lastState?.terminated) {
    counts.pendingSidecars += 1
    counts.waiting += 1
  }
}

function countRegular(
  counts: MainCounts,
  container: ReadonlyContainer,
  status: ContainerStatus | undefined,
  pod: ReadonlyPod,
): void {
  const { running, terminated, waiting } = status?.state ?? {}
  const end = endOf(status)
  if (running) counts.running += 1
  else if (end !== undefined) {
    counts.stopped += 1
    if (!restartsAfterExit(container, pod.spec, end)) counts.stoppedForGood += 1
    if (terminated && end === 0) counts.succeeded += 1
  } else if (waiting) counts.waiting += 1
  else counts.unknown += 1
}
