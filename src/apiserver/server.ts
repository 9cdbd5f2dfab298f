import { builtInResources } from '../api/all.ts'
import type { Transport } from '../client/transport.ts'
import { isStatus } from '../machinery/status.ts'
import { announce } from './bootstrap/announce.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'
import { firstAddress } from './bootstrap/first-address.ts'
import type { ServerFacts } from './bootstrap/server-objects.ts'
import { createHttpEdge } from './http/edge.ts'
import { toProtobuf } from './http/to-protobuf.ts'
import { createLoopbackTransport } from './loopback.ts'
import { ownIdentity } from './own-identity.ts'
import type { UserInfo } from './request.ts'
import { createRequestHandler } from './request-handler.ts'
import type { ApiServerOptions } from './server-options.ts'

export interface ApiServer {
  /** Opens the port and begins to make what a cluster has from its start on. Rejects when the port is taken. */
  listen(): Promise<{ port: number }>
  /** The same server without a socket in between, as `identity`. `userAgent` names the writer in managed fields. */
  loopback(identity: UserInfo, userAgent?: string): Transport
  /** Resolves when `/readyz` says ok. */
  readonly ready: Promise<void>
  /** Ends watches, waits a little for the requests under way. The store stays open: whoever opened it closes it. */
  close(): Promise<void>
}

const defaultRequestTimeoutMs = 60_000
const shutdownGraceMs = 2_000
const setUpAttempts = 10
const setUpRetryMs = 200

/** An API server over `store`. Nothing runs and no port is open before `listen`. Rejects with a ConfigurationError. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { clock, log, certificates } = options
  const state = { port: options.port, bootstrapped: false, stopping: false }
  const definitions = options.definitions ?? builtInResources
  const { handler, run, close } = await createRequestHandler({ ...options, definitions, state })
  const edge = createHttpEdge({
    handler,
    clock,
    log,
    toProtobuf,
    tls: {
      ...certificates.server,
      clientCertificateAuthority: clientAuthorities(options),
      ...(options.requestHeader && { proxyCertificateAuthority: options.requestHeader.certificateAuthority }),
    },
    requestTimeoutMs: options.requestTimeoutMs ?? defaultRequestTimeoutMs,
    shutdownGraceMs,
  })
  const loopback = (identity: UserInfo, userAgent = 'kubets') =>
    createLoopbackTransport({ handler, identity, clock, userAgent })
  const stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()
  const ready = Promise.withResolvers<void>()
  // Whoever never looks at `ready` must not be ended by its failure; those who do still see it.
  ready.promise.catch((error: unknown) => log.error('the cluster could not be set up', { error }))
  const start = async () => {
    const transport = loopback(ownIdentity, 'kube-apiserver')
    const settings = { transport, clock, log, facts: factsOf(options, state.port) }
    for (let attempt = 1; ; attempt++) {
      try {
        await bootstrap(settings)
        break
      } catch (error) {
        // Another server over the same datastore does the same: what it has half done looks wrong for a moment.
        if (attempt === setUpAttempts || !isStatus(error, 'Invalid')) throw error
        await clock.sleep(setUpRetryMs)
      }
    }
    const keepAnnouncing = await announce(settings)
    state.bootstrapped = true
    running = Promise.all([run(stopping.signal), keepAnnouncing(stopping.signal)]).catch((error: unknown) =>
      log.error('the server no longer follows changes', { error }),
    )
  }
  return {
    loopback,
    ready: ready.promise,
    async listen() {
      state.port = (await edge.listen(options.port, options.bindAddress)).port
      start().then(ready.resolve, ready.reject)
      return { port: state.port }
    },
    async close() {
      state.stopping = true
      stopping.abort()
      await running
      await edge.close()
      await close()
    },
  }
}

/** Whose certificates name clients. PEM. */
function clientAuthorities({ certificates, clientCertificateAuthorities: others }: ApiServerOptions): string {
  const own = certificates.certificateAuthority
  return others === undefined ? own : `${own.trimEnd()}\n${others}`
}

function factsOf(options: ApiServerOptions, port: number): Omit<ServerFacts, 'hostname'> {
  const { advertiseAddress, serviceCidr, requestHeader } = options
  return {
    advertiseAddress,
    port,
    serviceCidr,
    serviceAddress: firstAddress(serviceCidr),
    clientCertificateAuthority: clientAuthorities(options),
    ...(requestHeader && { requestHeader }),
  }
}
