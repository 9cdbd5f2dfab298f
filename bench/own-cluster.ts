import { loadKubeconfig } from '../src/client/kubeconfig.ts'
import { ClusterProcess, freePort } from '../test/support/cluster-process.ts'
import { until } from '../test/support/processes.ts'
import type { Credentials } from './api-connection.ts'

/** A cluster of ours as a process, and who may ask it. */
export interface OwnCluster {
  readonly process: ClusterProcess
  readonly pid: number
  readonly credentials: Credentials
}

/** The flags of an API server alone. */
export const apiServerAlone: readonly string[] = ['--nodes', '0', '--components', 'apiserver']

/** The flags of an API server with a scheduler. */
export const withScheduler: readonly string[] = ['--nodes', '0', '--components', 'apiserver,scheduler']

/** Runs `use` with a new cluster, which is removed afterwards, also when `use` throws. Answers what `use` answers. */
export async function inOwnCluster<T>(flags: readonly string[], use: (cluster: OwnCluster) => Promise<T>): Promise<T> {
  const cluster = new ClusterProcess(await freePort(), flags)
  try {
    const { child } = await cluster.up()
    const { options } = loadKubeconfig(cluster.kubeconfig)
    return await use({ process: cluster, pid: child.pid!, credentials: options })
  } finally {
    await cluster.close()
  }
}

/** Waits until `/readyz` answers 200; the server's certificate does not exist before, so nobody can check it. */
export async function untilReady(port: number): Promise<void> {
  const { Agent, request } = await import('undici')
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const look = async () => {
    const answer = await request(`https://127.0.0.1:${port}/readyz`, { dispatcher }).catch(() => undefined)
    await answer?.body.dump()
    return answer?.statusCode === 200
  }
  try {
    await until('the server is ready', look, { pollMs: 2 })
  } finally {
    await dispatcher.close()
  }
}
