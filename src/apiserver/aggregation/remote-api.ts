import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { APIService } from '../../api/types/apiregistration/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import { type ClientTls, tlsOptions } from '../../platform/http-upgrade.ts'
import type { Held } from '../object-reader.ts'
import type { UserInfo } from '../request.ts'
import { connectionErrorText } from '../webhook/connection-error.ts'
import type { ServiceAddress, ServiceReference } from '../webhook/resolve-service.ts'
import { frontProxyHeaders } from './front-proxy-headers.ts'

export interface RemoteApiOptions {
  /** Where an endpoint of the Service is now. Throws when there is none. */
  readonly resolve: (service: ServiceReference) => ServiceAddress
  /** How this server shows that it may speak for others. PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string }
  readonly clock: Clock
}

export interface RemoteRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  /** Name and value in turn. */
  readonly headers: readonly string[]
  /** On whose behalf. */
  readonly user: UserInfo
  readonly body?: Uint8Array | NodeJS.ReadableStream
  /** Until the answer begins; no limit if not given. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** The server could not be reached, or did not answer as one should. */
export class RemoteApiError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RemoteApiError'
  }
}

/** Connections that wait for the next request, to one server. */
const idleConnections = 25

/** One group-version that a server of somebody else serves, and the connections to it. */
export class RemoteApi {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly service: ServiceReference
  readonly tls: ClientTls
  readonly #options: RemoteApiOptions
  readonly #agent: https.Agent
  #apiService: Held<APIService>

  constructor(apiService: Held<APIService>, options: RemoteApiOptions) {
    const { service, group = '', version = '' } = apiService.spec!
    const { namespace = '', name = '', port = 443 } = service!
    this.name = apiService.metadata.name
    this.group = group
    this.version = version
    this.service = { namespace, name, port }
    this.tls = tlsOf(apiService, options)
    this.#options = options
    this.#apiService = apiService
    this.#agent = new https.Agent({ keepAlive: true, maxFreeSockets: idleConnections, ...agentOptions(this.tls) })
  }

  get apiService(): Held<APIService> {
    return this.#apiService
  }

  get isAvailable(): boolean {
    const { conditions = [] } = this.#apiService.status ?? {}
    return conditions.some(({ type, status }) => type === 'Available' && status === 'True')
  }

  /** Takes a newer state in, if the connections can stay as they are. */
  follow(apiService: Held<APIService>): boolean {
    const { spec } = this.#apiService
    const same =
      spec === apiService.spec ||
      JSON.stringify([spec!.service, spec!.caBundle, spec!.insecureSkipTLSVerify]) ===
        JSON.stringify([apiService.spec!.service, apiService.spec!.caBundle, apiService.spec!.insecureSkipTLSVerify])
    if (same) this.#apiService = apiService
    return same
  }

  /** `https://address:port` of one of its endpoints. Throws when there is none. */
  locate(): URL {
    const { host, port } = this.#options.resolve(this.service)
    return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  }

  /** Resolves when the answer begins, whatever its status. Rejects with a RemoteApiError. */
  async request(request: RemoteRequest): Promise<IncomingMessage> {
    const origin = this.locate()
    const address = { host: origin.hostname.replace(/^\[|\]$/g, ''), port: Number(origin.port || 443) }
    try {
      return await this.#send(request, origin, address)
    } catch (error) {
      throw new RemoteApiError(connectionErrorText(error), { cause: error })
    }
  }

  /** Closes the connections; requests under way end first. */
  close(): void {
    this.#agent.destroy()
  }

  #send(request: RemoteRequest, origin: URL, { host, port }: ServiceAddress): Promise<IncomingMessage> {
    const { method, path, headers, user, body, timeoutMs, signal } = request
    return new Promise((resolve, reject) => {
      const all = ['Host', origin.host, ...headers, ...frontProxyHeaders(user)]
      if (body instanceof Uint8Array) all.push('Content-Length', String(body.byteLength))
      const outgoing = https.request({ host, port, method, path, headers: all, agent: this.#agent })
      const late = () => outgoing.destroy(new Error('context deadline exceeded'))
      const timer = timeoutMs === undefined ? undefined : this.#options.clock.setTimer(timeoutMs, late)
      const abort = () => outgoing.destroy(new Error('context canceled'))
      signal?.addEventListener('abort', abort, { once: true })
      outgoing.once('close', () => {
        timer?.cancel()
        signal?.removeEventListener('abort', abort)
      })
      outgoing.on('error', reject)
      outgoing.once('response', (response) => {
        timer?.cancel()
        resolve(response)
      })
      if (signal?.aborted) abort()
      else send(outgoing, body)
    })
  }
}

function send(outgoing: ReturnType<typeof https.request>, body: RemoteRequest['body']): void {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body)
    return
  }
  body.on('error', (error: Error) => outgoing.destroy(error))
  body.pipe(outgoing)
}

/** The certificate must be for the Service's name in the cluster, wherever its endpoint is. */
function tlsOf({ spec }: DeepReadonly<APIService>, { clientCertificate }: RemoteApiOptions): ClientTls {
  const { caBundle, insecureSkipTLSVerify, service } = spec!
  return {
    serverName: `${service!.name}.${service!.namespace}.svc`,
    ...(caBundle && { certificateAuthority: Buffer.from(caBundle, 'base64').toString() }),
    ...(insecureSkipTLSVerify && { insecureSkipVerify: true }),
    ...(clientCertificate && {
      clientCertificate: clientCertificate.certificate,
      clientKey: clientCertificate.key,
    }),
  }
}

function agentOptions(tls: ClientTls): https.AgentOptions {
  return tlsOptions(tls) as https.AgentOptions
}
