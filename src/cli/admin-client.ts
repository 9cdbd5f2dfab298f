import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import { createHttpTransport } from '../client/http-transport.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import { createClient } from '../client/typed-client.ts'
import { UsageError } from '../cluster/usage-error.ts'

/** The operator's client of the cluster in a data directory. Throws a UsageError when there is none. */
export async function adminClient(dataDir: string): Promise<Client> {
  const kubeconfig = join(dataDir, 'admin.kubeconfig')
  if (!existsSync(kubeconfig))
    throw new UsageError(`there is no cluster in ${dataDir}; start one with "kubets up", or name its --data-dir`)
  return createClient(createHttpTransport({ ...loadKubeconfig(kubeconfig).options, userAgent: 'kubets' }))
}
