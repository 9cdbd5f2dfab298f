import type { Client } from '../../src/client/client.ts'
import { createEventRecorder } from '../../src/client/event-recorder.ts'
import { createHttpTransport } from '../../src/client/http-transport.ts'
import { createSharedInformers } from '../../src/client/shared-informers.ts'
import { createClient } from '../../src/client/typed-client.ts'
import { runHollowNodes } from '../../src/cluster/hollow-nodes.ts'
import { controllers } from '../../src/controllers/all.ts'
import { runControllers } from '../../src/controllers/run-controllers.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { Scheduler } from '../../src/scheduler/scheduler.ts'
import type { KubeApiserver } from './kube-apiserver.ts'

const clock = systemClock
const log = silentLogger

/** Connections to a server, each known to it by a certificate of its own. */
class Clients {
  readonly #server: KubeApiserver
  readonly #opened: Client[] = []

  constructor(server: KubeApiserver) {
    this.#server = server
  }

  async as(user: string, ...organizations: string[]): Promise<Client> {
    const { url, certificates } = this.#server
    const { authority } = certificates
    const credentials = await authority.issue({ commonName: user, organizations, usage: 'client' })
    const transport = createHttpTransport({
      url,
      certificateAuthority: authority.pair.certificate,
      clientCertificate: credentials.certificate,
      clientKey: credentials.key,
    })
    const client = createClient(transport)
    this.#opened.push(client)
    return client
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map(({ transport }) => transport.close()))
  }
}

/** Scheduler, controllers and two hollow nodes of ours against a server of upstream's, until `signal` aborts. */
export async function runOurLoops(server: KubeApiserver, signal: AbortSignal): Promise<void> {
  const clients = new Clients(server)
  try {
    await Promise.all([
      runHollowNodes({ client: createClient(server.transport), count: 2, clock, log }, signal),
      runOurControllers(server, clients, signal),
      runOurScheduler(await clients.as('system:kube-scheduler'), signal),
    ])
  } finally {
    await clients.close()
  }
}

async function runOurControllers(server: KubeApiserver, clients: Clients, signal: AbortSignal): Promise<void> {
  const names = new Set(controllers.flatMap(({ serviceAccount }) => serviceAccount ?? []))
  const byName = new Map<string, Client>()
  for (const name of names) {
    byName.set(name, await clients.as(`system:serviceaccount:kube-system:${name}`, 'system:serviceaccounts'))
  }
  const client = await clients.as('system:kube-controller-manager')
  const certificateAuthority = server.certificates.authority.pair.certificate
  const settings = { certificateAuthority, clusterCidrs: ['10.244.0.0/16'] }
  await runControllers({ client, clientFor: (name) => byName.get(name)!, clock, log, settings }, signal)
}

async function runOurScheduler(client: Client, signal: AbortSignal): Promise<void> {
  const events = createEventRecorder({ client, component: 'default-scheduler', clock, log, signal })
  const informers = createSharedInformers({ client, clock, log })
  const scheduler = new Scheduler({ client, informers, events, clock, log })
  await Promise.all([informers.run(signal), scheduler.run(signal)])
}
