import { join } from 'node:path'
import type { Clock } from '../platform/clock.ts'
import { writeFileAtomically } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { untilAborted } from '../platform/until-aborted.ts'
import { stopAgents, superviseAgents } from './agents.ts'
import { adminIdentity, type ControlPlane, machineAddress, startControlPlane } from './control-plane.ts'
import { type ControlSocket, listenOnControlSocket } from './control-socket.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { renderKubeconfig } from './kubeconfig.ts'
import { checkMachineForNodes } from './machine-check.ts'
import { bridgeAddress } from './node-namespaces.ts'
import { agentLaunch, type LocalNode, localNodes, prepareNodeNetworks, untilNodesReady } from './nodes.ts'
import type { ClusterOptions } from './options.ts'
import { UsageError } from './usage-error.ts'
import { kubetsVersion } from './version.ts'

export interface UpOptions {
  readonly options: ClusterOptions
  readonly clock: Clock
  readonly log: Logger
  /** Told what has been reached, as it is reached. */
  readonly onProgress: (event: ProgressEvent) => void
}

export type ProgressEvent =
  | { readonly type: 'api-ready'; readonly url: string }
  | { readonly type: 'node-ready'; readonly name: string }
  | { readonly type: 'up'; readonly kubeconfig: string }

export const controlSocketFile = (dataDirectory: string): string => join(dataDirectory, 'kubets.sock')

/**
 * A whole cluster on this machine: the control plane in this process, an agent process a node. Runs until `signal`
 * aborts, then ends itself and its agents; Pods go on running. Throws a UsageError for what the user can mend.
 */
export async function runUp(input: UpOptions, signal: AbortSignal): Promise<void> {
  const { options } = input
  const local = options.components.includes('node') ? localNodes(options) : []
  if (local.length > 0) checkMachineForNodes()
  const directory = openDataDirectory(options.dataDir)
  const stopping = new AbortController()
  const ending = AbortSignal.any([signal, stopping.signal])
  const running: { controlPlane?: ControlPlane } = {}
  const socket = await claim(directory, running, () => stopping.abort())
  try {
    await prepareNodeNetworks(local)
    const controlPlane = await startOrExplain(input, directory, local)
    running.controlPlane = controlPlane
    try {
      const kubeconfig = writeAdminKubeconfig(directory, controlPlane)
      input.onProgress({ type: 'api-ready', url: controlPlane.url })
      controlPlane.startComponents()
      await runNodes({ ...input, local, controlPlane, directory, kubeconfig }, ending)
    } finally {
      await stopAgents(local.map(({ name }) => directory.node(name)))
      await controlPlane.close()
    }
  } finally {
    await socket.close()
  }
}

/** One kubets a data directory: its control socket is the lock, and how `kubets status`, `down` and `backup` reach it. */
async function claim(
  directory: DataDirectory,
  running: { controlPlane?: ControlPlane },
  stop: () => void,
): Promise<ControlSocket> {
  const path = controlSocketFile(directory.root)
  const socket = await listenOnControlSocket(path, {
    status: async () => ({
      pid: process.pid,
      version: kubetsVersion,
      url: running.controlPlane?.url,
      store: await running.controlPlane?.store.stats(),
    }),
    backup: async ({ path: target }) => {
      if (!running.controlPlane) throw new Error('kubets is still starting; try again in a moment')
      await running.controlPlane.store.backup(String(target))
    },
    stop: async () => stop(),
  })
  if (socket) return socket
  throw new UsageError(
    `kubets already runs on ${directory.root}; use it with KUBECONFIG=${directory.adminKubeconfig}, or choose another --data-dir and --port`,
  )
}

async function startOrExplain(
  { options, clock, log }: UpOptions,
  directory: DataDirectory,
  local: readonly LocalNode[],
): Promise<ControlPlane> {
  const advertiseAddress = local.length > 1 ? bridgeAddress : machineAddress()
  try {
    return await startControlPlane({
      options,
      database: directory.database,
      pkiDirectory: directory.pki,
      advertiseAddress,
      clock,
      log,
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new UsageError(`port ${options.port} is in use; choose another with --port`, { cause: error })
    if (code === 'EACCES')
      throw new UsageError(`port ${options.port} needs root; choose one above 1023 with --port`, { cause: error })
    if (code === 'EADDRNOTAVAIL')
      throw new UsageError(`${options.bindAddress} is no address of this machine; choose another with --bind-address`, {
        cause: error,
      })
    throw error
  }
}

function writeAdminKubeconfig(directory: DataDirectory, { url, certificates }: ControlPlane): string {
  const kubeconfig = renderKubeconfig({
    server: url,
    certificateAuthority: certificates.authority.pair.certificate,
    user: 'kubernetes-admin',
    credentials: certificates.admin,
  })
  writeFileAtomically(directory.adminKubeconfig, kubeconfig)
  return directory.adminKubeconfig
}

interface NodesInput extends UpOptions {
  readonly local: readonly LocalNode[]
  readonly controlPlane: ControlPlane
  readonly directory: DataDirectory
  readonly kubeconfig: string
}

async function runNodes(input: NodesInput, signal: AbortSignal): Promise<void> {
  const { local, controlPlane, options, directory, clock, log, onProgress, kubeconfig } = input
  const launches = await Promise.all(
    local.map((node) => agentLaunch({ node, controlPlane, options, directory, clock })),
  )
  const supervised = superviseAgents({ launches, clock, log }, signal)
  const client = controlPlane.clientFor(adminIdentity)
  const names = local.map(({ name }) => name)
  await untilNodesReady(
    { client, names, clock, log, onReady: (name) => onProgress({ type: 'node-ready', name }) },
    signal,
  )
  if (!signal.aborted) onProgress({ type: 'up', kubeconfig })
  await Promise.all([supervised, untilAborted(signal)])
}
