import { rm } from 'node:fs/promises'
import { isNotFound } from '../cri/grpc-client.ts'
import type { NodeContext } from './node-context.ts'
import type { ContainerRuntime, PodRuntime, SandboxRuntime } from './runtime-state.ts'

/** The newest run, and one before it for `lastState` and `logs --previous`: kubelet v1.36 keeps one dead container. */
const keptRuns = 2

/** Which containers and sandboxes of a living Pod are of no use any more. After kubelet v1.36 kuberuntime_gc.go. */
export function deadWeight({ sandboxes, containers }: PodRuntime): {
  containers: ContainerRuntime[]
  sandboxes: SandboxRuntime[]
} {
  const seen = new Map<string, number>()
  const old = containers.filter(({ name, state }) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count > keptRuns && state !== 'running'
  })
  const kept = new Set(containers.filter((container) => !old.includes(container)).map(({ sandboxId }) => sandboxId))
  const empty = sandboxes.slice(1).filter(({ id, ready }) => !ready && !kept.has(id))
  return { containers: old, sandboxes: empty }
}

export async function collectDeadContainers({ cri, log }: NodeContext, runtime: PodRuntime): Promise<void> {
  const dead = deadWeight(runtime)
  try {
    for (const { id, logPath } of dead.containers) {
      await cri.runtime.removeContainer({ containerId: id })
      if (logPath) await rm(logPath, { force: true })
    }
    for (const { id } of dead.sandboxes) await cri.runtime.removePodSandbox({ podSandboxId: id })
  } catch (error) {
    // The next round tries again; nothing depends on it.
    if (!isNotFound(error)) log.warn('dead container not removed', { error })
  }
}
