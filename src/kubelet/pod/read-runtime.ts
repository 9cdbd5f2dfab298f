import type { Cri } from '../cri/cri.ts'
import { isNotFound } from '../cri/grpc-client.ts'
import {
  type ContainerRuntime,
  containerRuntime,
  type PodRuntime,
  podUidLabel,
  type SandboxRuntime,
  sandboxRuntime,
} from './runtime-state.ts'
import { terminationMessage } from './termination-message.ts'

/** Reads one Pod from the runtime. `known` holds exited containers, which never change again, to save the asking. */
export async function readPodRuntime(cri: Cri, uid: string, known: Map<string, ContainerRuntime>): Promise<PodRuntime> {
  const labelSelector = { [podUidLabel]: uid }
  const [{ items }, { containers }] = await Promise.all([
    cri.runtime.listPodSandbox({ filter: { labelSelector } }),
    cri.runtime.listContainers({ filter: { labelSelector } }),
  ])
  const present = new Set(containers.map(({ id }) => id))
  for (const id of known.keys()) if (!present.has(id)) known.delete(id)
  const [sandboxes, statuses] = await Promise.all([
    Promise.all(items.map(({ id }) => readSandbox(cri, id))),
    Promise.all(containers.map(({ id, podSandboxId }) => known.get(id) ?? readContainer(cri, id, podSandboxId))),
  ])
  const found = statuses.filter((status) => status !== undefined)
  for (const container of found) if (container.state === 'exited') known.set(container.id, container)
  return {
    sandboxes: sandboxes.filter((sandbox) => sandbox !== undefined).sort((a, b) => b.createdAtMs - a.createdAtMs),
    containers: found.sort((a, b) => b.createdAtMs - a.createdAtMs),
  }
}

/** Undefined when it was removed between the list and this call. */
async function readSandbox(cri: Cri, podSandboxId: string): Promise<SandboxRuntime | undefined> {
  try {
    const { status } = await cri.runtime.podSandboxStatus({ podSandboxId })
    return status ? sandboxRuntime(status) : undefined
  } catch (error) {
    if (!isNotFound(error)) throw error
    return undefined
  }
}

async function readContainer(cri: Cri, id: string, sandboxId: string): Promise<ContainerRuntime | undefined> {
  try {
    const { status } = await cri.runtime.containerStatus({ containerId: id })
    if (!status) return undefined
    const container = containerRuntime(status, sandboxId)
    // Read once: an exited container is not asked for again.
    return container.state === 'exited'
      ? { ...container, message: (await terminationMessage(status)) || container.message }
      : container
  } catch (error) {
    if (!isNotFound(error)) throw error
    return undefined
  }
}
