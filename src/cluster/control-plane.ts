import { randomUUID } from 'node:crypto'
import { hostname, networkInterfaces } from 'node:os'
import { ConfigurationError } from '../apiserver/configuration/configuration-file.ts'
import type { UserInfo } from '../apiserver/request.ts'
import { type ApiServer, createApiServer } from '../apiserver/server.ts'
import type { ApiServerOptions } from '../apiserver/server-options.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { runLeaderElection } from '../client/leader-election.ts'
import { createSharedInformers } from '../client/shared-informers.ts'
import { createClient } from '../client/typed-client.ts'
import { runControllers } from '../controllers/run-controllers.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import type { Store } from '../store/store.ts'
import { ensureAddons, nthAddress } from './addons.ts'
import { apiServerSettings } from './api-server-settings.ts'
import { type ClusterCertificates, clusterCertificates } from './cluster-certificates.ts'
import { runHollowNodes } from './hollow-nodes.ts'
import { openStore } from './open-store.ts'
import type { ClusterOptions } from './options.ts'
import { OptionError } from './usage-error.ts'

export interface ControlPlaneOptions {
  readonly options: ClusterOptions
  /** Where the database lies; a path in a temporary folder for clusters that live in a test. */
  readonly database: string
  /** Where certificates are kept; `undefined`: in memory only. */
  readonly pkiDirectory: string | undefined
  readonly advertiseAddress: string
  readonly clock: Clock
  readonly log: Logger
}

/** API server, store, scheduler and controllers in this process, joined by loopback transports. */
export interface ControlPlane {
  readonly url: string
  readonly port: number
  readonly certificates: ClusterCertificates
  readonly store: Store
  /** A client with any identity, without a socket in between. */
  clientFor(identity: UserInfo): Client
  /** Starts scheduler, controllers, add-ons and hollow nodes: what may wait until the API answers. */
  startComponents(): void
  close(): Promise<void>
}

/** The operator's identity, as in admin.kubeconfig. */
export const adminIdentity = identity('kubernetes-admin', 'system:masters')

/** Resolves when the API answers and `/readyz` says ok. */
export async function startControlPlane(input: ControlPlaneOptions): Promise<ControlPlane> {
  const { options, clock, log, advertiseAddress } = input
  const names = {
    clusterDomain: options.clusterDomain,
    serviceAddress: nthAddress(options.serviceCidr, 1),
    advertiseAddress,
  }
  const running = new Set<string>()
  const opening = openStore(input)
  // It may fail before it is waited for, and is then said where that happens.
  opening.catch(() => undefined)
  try {
    const certificates = await clusterCertificates({ directory: input.pkiDirectory, clock, names })
    const settings = apiServerSettings(options, {
      issuer: `https://kubernetes.default.svc.${options.clusterDomain}`,
      serviceAccountKey: certificates.serviceAccountKey,
      certificateAuthority: certificates.authority.pair.certificate,
      frontProxyAuthority: certificates.frontProxyAuthority.pair.certificate,
    })
    const { store, follow } = await opening
    const server = await createConfigured({
      store,
      clock,
      log: log.child({ component: 'apiserver' }),
      certificates: {
        certificateAuthority: certificates.authority.pair.certificate,
        server: certificates.server,
        kubeletClient: certificates.kubeletClient,
        frontProxyClient: certificates.frontProxyClient,
      },
      ...settings,
      metricsApi: options.components.includes('node'),
      serviceCidr: options.serviceCidr,
      bindAddress: options.bindAddress,
      port: options.port,
      advertiseAddress,
      runsHere: (component) => running.has(component),
    })
    try {
      const { port } = await server.listen()
      await server.ready
      return assemble({ ...input, store, followStoreSettings: follow, running, certificates, server, port })
    } catch (error) {
      await server.close()
      throw error
    }
  } catch (error) {
    await opening.then(
      ({ store }) => store.close(),
      () => undefined, // Its own failure is the one on its way, or comes second.
    )
    throw error
  }
}

/** What a configuration file has wrong is the user's to mend. */
async function createConfigured(options: ApiServerOptions): Promise<ApiServer> {
  try {
    return await createApiServer(options)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new OptionError(error.message, { cause: error })
  }
}

interface Parts extends ControlPlaneOptions {
  readonly store: Store
  readonly followStoreSettings: (signal: AbortSignal) => Promise<void>
  /** Names of the loops that run in this process now. */
  readonly running: Set<string>
  readonly certificates: ClusterCertificates
  readonly server: ApiServer
  readonly port: number
}

function assemble(parts: Parts): ControlPlane {
  const { server, store, port, certificates, options } = parts
  const stopping = new AbortController()
  const running: Promise<unknown>[] = []
  const clientFor = (who: UserInfo, userAgent?: string) => createClient(server.loopback(who, userAgent))
  const host = options.bindAddress === '0.0.0.0' ? '127.0.0.1' : options.bindAddress
  return {
    url: `https://${host}:${port}`,
    port,
    certificates,
    store,
    clientFor,
    startComponents() {
      const leaderIdentity = `${hostname()}_${randomUUID()}`
      running.push(...startLoops({ ...parts, clientFor, leaderIdentity }, stopping.signal))
    },
    async close() {
      stopping.abort()
      await Promise.allSettled(running)
      await server.close()
      await store.close()
    },
  }
}

interface Loops extends Parts {
  readonly clientFor: (identity: UserInfo, userAgent?: string) => Client
  /** Tells this process from others that stand for the same Lease. */
  readonly leaderIdentity: string
}

/** Every loop runs until `signal` aborts; one that fails is said aloud, and the others go on. */
function startLoops(parts: Loops, signal: AbortSignal): Promise<void>[] {
  const { options, clock, log, clientFor } = parts
  const wants = (component: ClusterOptions['components'][number]) => options.components.includes(component)
  const loops: [string, () => Promise<unknown>][] = [
    ['addons', () => ensureAddons(clientFor(adminIdentity), options.serviceCidr)],
    ['store', () => parts.followStoreSettings(signal)],
  ]
  if (wants('scheduler')) loops.push(['scheduler', () => runScheduler(parts, signal)])
  if (wants('controllers')) loops.push(['controller-manager', () => runControllerLoops(parts, signal)])
  if (options.simulateNodes > 0) {
    const client = clientFor(adminIdentity)
    loops.push(['hollow-nodes', () => runHollowNodes({ client, count: options.simulateNodes, clock, log }, signal)])
  }
  return loops.map(async ([component, run]) => {
    parts.running.add(component)
    try {
      await run()
    } catch (error) {
      if (!signal.aborted) log.error('a component of the control plane ended', { component, error })
    } finally {
      parts.running.delete(component)
    }
  })
}

async function runScheduler(
  { clientFor, clock, log: parent, options, leaderIdentity }: Loops,
  signal: AbortSignal,
): Promise<void> {
  const log = parent.child({ component: 'scheduler' })
  const client = clientFor(identity('system:kube-scheduler'), 'kube-scheduler')
  const events = createEventRecorder({ client, component: 'default-scheduler', clock, log, signal })
  const lead = async (leading: AbortSignal) => {
    const informers = createSharedInformers({ client, clock, log })
    const scheduler = new Scheduler({ client, informers, events, clock, log })
    await Promise.all([informers.run(leading), scheduler.run(leading)])
  }
  if (!isShared(options)) return lead(signal)
  const lease = { namespace: 'kube-system', name: 'kube-scheduler' }
  while (!signal.aborted) {
    await runLeaderElection({ client, clock, log, lease, identity: leaderIdentity }, signal, lead)
  }
}

/** Over etcd other servers may run beside this one: scheduler and controllers then take turns by a Lease. */
function isShared({ datastore }: ClusterOptions): boolean {
  return datastore !== 'sqlite'
}

async function runControllerLoops(
  { clientFor, clock, log, certificates, options, leaderIdentity }: Loops,
  signal: AbortSignal,
): Promise<void> {
  await runControllers(
    {
      client: clientFor(identity('system:kube-controller-manager'), controllerManager),
      clientFor: (name) => clientFor(serviceAccountIdentity('kube-system', name), controllerManager),
      clock,
      log: log.child({ component: 'controllers' }),
      ...(isShared(options) && { leaderIdentity }),
      settings: { certificateAuthority: certificates.authority.pair.certificate, clusterCidrs: [options.clusterCidr] },
    },
    signal,
  )
}

/** As whom the controllers sign what they write in managed fields. */
const controllerManager = 'kube-controller-manager'

function identity(name: string, ...groups: string[]): UserInfo {
  return { name, groups: [...groups, 'system:authenticated'], extra: {} }
}

export function serviceAccountIdentity(namespace: string, name: string): UserInfo {
  return identity(
    `system:serviceaccount:${namespace}:${name}`,
    'system:serviceaccounts',
    `system:serviceaccounts:${namespace}`,
  )
}

/** The address under which others reach this machine: the first that is not its own loopback. */
export function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}
