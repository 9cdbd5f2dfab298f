import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserInfo } from '../apiserver/request.ts'
import type { Client } from '../client/client.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import { type Logger, silentLogger } from '../platform/log.ts'
import type { ApiServerFlags } from './api-server-flags.ts'
import { adminIdentity, type ControlPlane, startControlPlane } from './control-plane.ts'
import { renderKubeconfig } from './kubeconfig.ts'
import { type ClusterOptions, resolveOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

/** What can be chosen for a cluster inside a Node program; `kubets up` has the same names. */
export interface EmbeddedOptions
  extends ApiServerFlags,
    Partial<
      Pick<
        ClusterOptions,
        | 'port'
        | 'bindAddress'
        | 'simulateNodes'
        | 'components'
        | 'datastore'
        | 'serviceCidr'
        | 'clusterCidr'
        | 'clusterDomain'
      >
    > {
  /** Nodes that run real Pods need processes of their own: use `kubets up` for those. */
  readonly nodes?: 0
  readonly clock?: Clock
  readonly log?: Logger
}

/**
 * A control plane in this process: API server, datastore in a temporary folder, scheduler and controllers. Several run
 * side by side. `stop()` (or `await using`) leaves nothing behind.
 *
 *     const cluster = await Cluster.start({ nodes: 0 })
 *     await cluster.client.of(namespaces).create({ metadata: { name: 'demo' } })
 *     await cluster.stop()
 */
export class Cluster {
  /** For kubectl and other clients; the text of a kubeconfig file. */
  readonly kubeconfig: string
  /** `https://127.0.0.1:port` */
  readonly url: string
  /** The operator's client, without a socket in between. */
  readonly client: Client
  readonly #controlPlane: ControlPlane
  readonly #directory: string

  private constructor(controlPlane: ControlPlane, directory: string) {
    this.#controlPlane = controlPlane
    this.#directory = directory
    this.url = controlPlane.url
    this.client = controlPlane.clientFor(adminIdentity)
    this.kubeconfig = renderKubeconfig({
      server: controlPlane.url,
      certificateAuthority: controlPlane.certificates.authority.pair.certificate,
      user: 'kubernetes-admin',
      credentials: controlPlane.certificates.admin,
    })
  }

  /** Resolves when the API is ready. Throws a UsageError for options that make no sense. */
  static async start(options: EmbeddedOptions = {}): Promise<Cluster> {
    const { clock = systemClock, log = silentLogger, nodes = 0, ...rest } = options
    if (nodes !== 0)
      throw new UsageError('a cluster inside a program has no nodes of its own; run "kubets up" for those')
    const resolved = resolveOptions({ port: 0, bindAddress: '127.0.0.1', ...rest, nodes })
    const directory = mkdtempSync(join(tmpdir(), 'kubets-'))
    try {
      const controlPlane = await startControlPlane({
        options: resolved,
        database: join(directory, 'kubets.db'),
        pkiDirectory: undefined,
        advertiseAddress: '127.0.0.1',
        clock,
        log,
      })
      controlPlane.startComponents()
      return new Cluster(controlPlane, directory)
    } catch (error) {
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }

  /** The API as somebody else, to try out what they may do. */
  clientFor(identity: UserInfo): Client {
    return this.#controlPlane.clientFor(identity)
  }

  /** Ends everything and removes the datastore. Calling it twice does no harm. */
  async stop(): Promise<void> {
    await this.#controlPlane.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
