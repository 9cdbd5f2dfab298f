import type { ContainerKind, ReadonlyContainer, ReadonlyPod } from './pod.ts'
import { type ContainerRuntime, containerHashAnnotation, type PodRuntime } from './runtime-state.ts'

export type KillReason = 'Unknown' | 'LivenessProbe' | 'StartupProbe' | undefined

export type PodAction =
  /** Stops the containers and the sandbox: nothing is left to run. */
  | { readonly type: 'killPod' }
  | { readonly type: 'createSandbox'; readonly attempt: number }
  | {
      readonly type: 'killContainer'
      readonly containerId: string
      readonly name: string
      readonly message: string
      readonly reason: KillReason
    }
  | { readonly type: 'startContainer'; readonly name: string; readonly kind: ContainerKind }

/** Results by container ID; absent while a probe has not said anything yet. */
export interface ProbeVerdicts {
  readonly liveness: ReadonlyMap<string, boolean>
  readonly startup: ReadonlyMap<string, boolean>
}

export interface PodView {
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  readonly verdicts: ProbeVerdicts
  /** What `containerHashAnnotation` must say for the running container to be the one in the spec. */
  readonly hashOf: (container: ReadonlyContainer) => string
}

/** Whether the spec's container is no longer the one that runs. */
export function isChanged(view: PodView, container: ReadonlyContainer, running: ContainerRuntime): boolean {
  return running.annotations[containerHashAnnotation] !== view.hashOf(container)
}

/** It may be running or not: killing it first avoids two of them. */
export function killUnknown({ id, name }: ContainerRuntime, what: string): PodAction {
  const message = `${what} is in "unknown" state, try killing it before restart`
  return { type: 'killContainer', containerId: id, name, message, reason: 'Unknown' }
}
