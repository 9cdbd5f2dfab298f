import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startContainerd } from '../kubelet/containerd/containerd.ts'
import { type Cri, connectCri } from '../kubelet/cri/cri.ts'
import { networkTable } from '../network/host-rules.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { runProgram } from '../platform/run-program.ts'
import { serviceTable } from '../proxy/proxy.ts'
import { stopAgents } from './agents.ts'
import { control, gone, isListening } from './control-socket.ts'
import { nodeDirectories } from './data-directory.ts'
import { nodeNamespace, removeNodeNamespaces } from './node-namespaces.ts'
import { stateDirectory } from './nodes.ts'
import { isRoot } from './options.ts'
import { controlSocketFile } from './up.ts'
import { UsageError } from './usage-error.ts'

export interface RemoveOptions {
  readonly dataDir: string
  /** Remove the data, too. */
  readonly purge: boolean
  readonly clock: Clock
  readonly log: Logger
}

const stopTimeoutMs = 30_000

/**
 * Ends a cluster of this machine and removes what it made outside its data directory: Pods, containerd, network
 * namespaces, rules, routes, cgroups, mounts. Can be run again after a failure. Answers what was removed, as a text.
 */
export async function removeCluster(options: RemoveOptions): Promise<string> {
  const { dataDir, purge } = options
  const removed: string[] = []
  const nodes = nodeDirectories(dataDir)
  if (nodes.length > 0 && !isRoot())
    throw new UsageError(`the nodes of ${dataDir} were made by root; run "kubets down" as root`)
  if (await stopServer(dataDir)) removed.push('the server')
  await stopAgents(nodes.map(({ path }) => path))
  for (const { name, path } of nodes) {
    const pods = await removePods({ ...options, name, path })
    removed.push(`node ${name} with ${pods} Pods`)
  }
  if (nodes.length > 0) {
    await removeNodeNamespaces(nodes.map(({ name }, i) => nodeNamespace(name, i + 1)))
    await removeTables([serviceTable, networkTable])
  }
  if (purge && existsSync(dataDir)) {
    rmSync(dataDir, { recursive: true, force: true })
    removed.push('all data')
  }
  return removed.join(', ')
}

async function stopServer(dataDir: string): Promise<boolean> {
  const socket = controlSocketFile(dataDir)
  if (!(await isListening(socket))) return false
  const ended = gone(socket, AbortSignal.timeout(stopTimeoutMs))
  await control(socket, { command: 'stop' })
  await ended
  return true
}

interface NodeToRemove extends RemoveOptions {
  readonly name: string
  readonly path: string
}

/** Removes every sandbox by the node's own containerd, which cleans up their networks, then containerd itself. */
async function removePods({ dataDir, name, path, clock, log }: NodeToRemove): Promise<number> {
  const state = stateDirectory(dataDir, name)
  const cniConfDirectory = join(path, 'cni')
  const wasUsed = existsSync(join(path, 'containerd'))
  let count = 0
  if (wasUsed) {
    const containerd = await startContainerd({
      rootDirectory: join(path, 'containerd'),
      stateDirectory: state,
      cniConfDirectory,
      clock,
      log,
    })
    const cri = connectCri(containerd.socketPath)
    try {
      const { items } = await cri.runtime.listPodSandbox({})
      count = items.length
      await Promise.all(items.map(({ id }) => removeSandbox(cri, id)))
    } finally {
      cri.close()
      await containerd.stop()
    }
  }
  await unmountBelow([path, state])
  rmSync(state, { recursive: true, force: true })
  for (const folder of ['kubelet', 'pods-log', 'cni']) rmSync(join(path, folder), { recursive: true, force: true })
  removeCgroups()
  return count
}

async function removeSandbox({ runtime }: Cri, podSandboxId: string): Promise<void> {
  await runtime.stopPodSandbox({ podSandboxId })
  await runtime.removePodSandbox({ podSandboxId })
}

/** Deepest first. */
async function unmountBelow(directories: readonly string[]): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => directories.some((directory) => mount.startsWith(`${directory}/`)))
  for (const mount of mounts.sort().reverse()) await runProgram('umount', ['-l', mount])
}

/** Empty groups only: the kernel refuses to remove one that still holds a process. */
function removeCgroups(): void {
  const root = '/sys/fs/cgroup'
  const hierarchies = existsSync(join(root, 'cgroup.controllers'))
    ? [root]
    : readdirSync(root).map((name) => join(root, name))
  for (const hierarchy of hierarchies) removeEmptyGroups(join(hierarchy, 'kubets'))
}

function removeEmptyGroups(path: string): void {
  if (!existsSync(path)) return
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmptyGroups(join(path, entry.name))
  try {
    rmdirSync(path)
  } catch (error) {
    if (!['EBUSY', 'ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

async function removeTables(tables: readonly string[]): Promise<void> {
  const statements = tables.flatMap((table) => [`add table ${table}`, `delete table ${table}`])
  await runProgram('nft', ['-f', '-'], { input: `${statements.join('\n')}\n` })
}
