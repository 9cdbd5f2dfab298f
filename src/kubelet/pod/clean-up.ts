import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isNotFound } from '../cri/grpc-client.ts'
import { removeWithMounts } from '../volumes/mounts.ts'
import type { NodeContext } from './node-context.ts'
import type { PodRuntime } from './runtime-state.ts'

/** Takes away what a Pod that no longer runs has on the node, but not its containers and logs. May be called again. */
export async function tearDown(context: NodeContext, uid: string): Promise<void> {
  const { podsDirectory, memoryDirectory, cgroups, tokens, objects, images } = context
  await Promise.all([
    removeWithMounts(join(podsDirectory, uid)),
    removeWithMounts(join(memoryDirectory, uid)),
    cgroups.remove(uid),
  ])
  tokens.forget(uid)
  objects.release(uid)
  images.forget(uid)
}

/** Removes the containers and sandboxes of a Pod that is gone, and its logs. */
export async function removeFromRuntime(
  { cri }: NodeContext,
  { sandboxes, containers }: PodRuntime,
  logDirectory: string | undefined,
): Promise<void> {
  await Promise.all(containers.map(({ id }) => ignoreMissing(cri.runtime.removeContainer({ containerId: id }))))
  await Promise.all(sandboxes.map(({ id }) => ignoreMissing(cri.runtime.removePodSandbox({ podSandboxId: id }))))
  if (logDirectory) await rm(logDirectory, { recursive: true, force: true })
}

async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
