import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader'
import type { Clock } from '../../platform/clock.ts'
import { closedError, StoreError } from '../store-error.ts'
import {
  etcdDescriptor,
  type RangeResponse,
  type StatusResponse,
  type TxnResponse,
  type WatchResponse,
} from './protocol.ts'

export interface EtcdTls {
  /** The authority that signed etcd's certificate, as PEM; those of the system if not given. */
  readonly ca?: Uint8Array
  /** The client's certificate and key, as PEM. */
  readonly certificate?: Uint8Array
  readonly key?: Uint8Array
}

export interface EtcdClientOptions {
  /** `host:port` of each member. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTls
  readonly clock: Clock
  /** How long a request may take. */
  readonly requestTimeoutMs: number
}

type Method = MethodDefinition<object, object>
export type WatchStream = ClientDuplexStream<object, WatchResponse>

/** As upstream's API server and etcd's own clients: a value can be as large as etcd lets it be. */
const maxMessageBytes = 64 * 2 ** 20

/** Requests to one etcd cluster. A member that does not answer makes the next one the one that is asked. */
export class EtcdClient {
  readonly #options: EtcdClientOptions
  readonly #members: readonly Client[]
  readonly #methods: Readonly<Record<string, Method>>
  #current = 0
  #isClosed = false

  constructor(options: EtcdClientOptions) {
    this.#options = options
    this.#methods = loadMethods()
    this.#members = options.endpoints.map(
      (endpoint) =>
        new Client(endpoint, credentialsOf(options.tls, hostOf(endpoint)), {
          ...(options.tls && isIP(hostOf(endpoint)) && { 'grpc.ssl_target_name_override': handshakeName }),
          'grpc.max_receive_message_length': maxMessageBytes,
          'grpc.max_send_message_length': maxMessageBytes,
          // Finds out within 30 s that a member is gone without a word. After client-go's etcd3 factory.
          'grpc.keepalive_time_ms': 30_000,
          'grpc.keepalive_timeout_ms': 10_000,
        }),
    )
  }

  /** Keys and values of a range. Tried on every member before it fails. */
  range(request: object): Promise<RangeResponse> {
    return this.#onAnyMember('KV/Range', request) as Promise<RangeResponse>
  }

  /** Not tried again when it fails with `Unavailable`: it may have been done. */
  txn(request: object): Promise<TxnResponse> {
    return this.#call('KV/Txn', request) as Promise<TxnResponse>
  }

  async compact(revision: number): Promise<void> {
    await this.#onAnyMember('KV/Compact', { revision })
  }

  status(): Promise<StatusResponse> {
    return this.#onAnyMember('Maintenance/Status', {}) as Promise<StatusResponse>
  }

  watch(): WatchStream {
    const { path, requestSerialize, responseDeserialize } = this.#methods['Watch/Watch']!
    // A member that is cut off from the others then ends the watch, instead of staying silent. After etcd's
    // clientv3.WithRequireLeader.
    const metadata = new Metadata()
    metadata.set('hasleader', 'true')
    return this.#member().makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata) as WatchStream
  }

  /** The whole of etcd's database, as `etcdctl snapshot restore` reads it. */
  snapshot(): ClientReadableStream<{ readonly blob: Buffer }> {
    const { path, requestSerialize, responseDeserialize } = this.#methods['Maintenance/Snapshot']!
    const stream = this.#member().makeServerStreamRequest(path, requestSerialize, responseDeserialize, {})
    return stream as ClientReadableStream<{ readonly blob: Buffer }>
  }

  /** Asks the next member from now on. */
  moveOn(): void {
    this.#current = (this.#current + 1) % this.#members.length
  }

  close(): void {
    this.#isClosed = true
    for (const member of this.#members) member.close()
  }

  #member(): Client {
    if (this.#isClosed) throw closedError()
    return this.#members[this.#current]!
  }

  async #onAnyMember(method: string, request: object): Promise<object> {
    for (let left = this.#members.length - 1; ; left--) {
      try {
        return await this.#call(method, request)
      } catch (error) {
        if (left === 0 || !(error instanceof StoreError) || error.code !== 'Unavailable') throw error
      }
    }
  }

  async #call(method: string, request: object): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = this.#methods[method]!
    const member = this.#member()
    const { promise, resolve, reject } = Promise.withResolvers<object>()
    const call = member.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
      if (response) resolve(response)
      else reject(error ?? new Error('etcd answered nothing'))
    })
    const { clock, requestTimeoutMs } = this.#options
    const timer = clock.setTimer(requestTimeoutMs, () => {
      reject(new Error(`no answer in ${requestTimeoutMs} ms`))
      call.cancel()
    })
    try {
      return await promise
    } catch (error) {
      if (this.#isClosed) throw closedError()
      const failure = storeErrorOf(error as Error | ServiceError, this.#options.endpoints)
      if (failure.code === 'Unavailable' && member === this.#members[this.#current]) this.moveOn()
      throw failure
    } finally {
      timer.cancel()
    }
  }
}

/** Whether etcd refused because history at a revision is compacted away. */
export function isCompacted(error: unknown): boolean {
  const { cause } = error as { cause?: ServiceError }
  return cause?.code === status.OUT_OF_RANGE
}

/** What etcd answers, as one sentence with the way out. After etcd v3.4 api/v3rpc/rpctypes/error.go. */
function storeErrorOf(error: Error | ServiceError, endpoints: readonly string[]): StoreError {
  const where = `etcd (${endpoints.join(', ')})`
  const why = 'details' in error ? error.details : error.message
  if (why.includes('database space exceeded')) {
    const message = `${where} has no space left: compact and defragment it, raise its quota, then disarm its alarm.`
    return new StoreError('DiskFull', message, { cause: error })
  }
  if (why.includes('request is too large') || why.includes('larger than max')) {
    const message = `The object is larger than ${where} takes: make it smaller, or raise etcd's --max-request-bytes.`
    return new StoreError('TooLarge', message, { cause: error })
  }
  const message = `${where} does not answer (${why}): check that it runs and can be reached.`
  return new StoreError('Unavailable', message, { cause: error })
}

/** gRPC names the host in the handshake, where Node takes no address: this stands there instead. */
const handshakeName = 'etcd'

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

function credentialsOf(tls: EtcdTls | undefined, host: string): ChannelCredentials {
  if (!tls) return credentials.createInsecure()
  const { ca, certificate, key } = tls
  return credentials.createSsl(
    ca ? Buffer.from(ca) : null,
    key ? Buffer.from(key) : null,
    certificate ? Buffer.from(certificate) : null,
    // Whatever was named in the handshake, the certificate has to be the host's.
    { checkServerIdentity: (_name, shown) => checkServerIdentity(host, shown) },
  )
}

/** The methods by `Service/Method`, built from the descriptor. */
function loadMethods(): Record<string, Method> {
  // protobuf.js types a nested member as all kinds of member at once, which none can be.
  const descriptor = etcdDescriptor as object as Parameters<typeof fromJSON>[0]
  const definitions = fromJSON(descriptor, { keepCase: true, longs: Number, enums: String, defaults: true })
  const methods: Record<string, Method> = {}
  for (const service of ['KV', 'Watch', 'Maintenance']) {
    const definition = definitions[`etcdserverpb.${service}`] as ServiceDefinition
    for (const [name, method] of Object.entries(definition)) methods[`${service}/${name}`] = method as Method
  }
  return methods
}
