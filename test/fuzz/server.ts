import { createHash } from 'node:crypto'
import { validateHeaderValue } from 'node:http'
import { builtInResources } from '../../src/api/all.ts'
import { announce } from '../../src/apiserver/bootstrap/announce.ts'
import { bootstrap } from '../../src/apiserver/bootstrap/bootstrap.ts'
import { HttpRequestContext, NodeHeaders } from '../../src/apiserver/http/request-context.ts'
import { AnswerWriter } from '../../src/apiserver/http/respond.ts'
import type { Responder, ResponseHeaders, ResponseStream } from '../../src/apiserver/http/responder.ts'
import { toProtobuf } from '../../src/apiserver/http/to-protobuf.ts'
import { createLoopbackTransport } from '../../src/apiserver/loopback.ts'
import { ownIdentity } from '../../src/apiserver/own-identity.ts'
import { createRequestHandler, type RequestHandling } from '../../src/apiserver/request-handler.ts'
import { clusterCertificates } from '../../src/cluster/cluster-certificates.ts'
import { StatusError } from '../../src/machinery/status.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Logger } from '../../src/platform/log.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../support/memory-store.ts'
import { until } from '../support/processes.ts'
import { customCollection } from './custom.ts'

/** What is sent; the body as it lies on the wire. */
export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Without the identity of an administrator: its headers alone say who asks. */
  readonly anonymous?: boolean
}

export interface Received {
  readonly status: number
  readonly body: string
}

/**
 * The whole API server behind its sockets, over a store in memory: from the bytes of a request to the bytes of the
 * answer. Nothing else changes the store but the controllers that are part of the server.
 */
export interface FuzzServer {
  /** What was logged as an error since the last call. */
  errors(): string[]
  /**
   * With the keys that are not as they were before. What was taken and given back does not count, nor what the server
   * looks after by itself.
   */
  send(request: SentRequest): Promise<Received & { readonly changed: readonly string[] }>
  /** Undoes every change since the server was made. */
  restore(): Promise<void>
  close(): Promise<void>
}

/** Where the server's own controllers write, whenever they come to it. */
const keptUp = /^\/registry\/(flowschemas|prioritylevelconfigurations|apiregistration|apiextensions)/

const serviceCidr = '10.0.0.0/16'
const address = '127.0.0.1'

/** Prepares with `setup`, the requests that make the objects others refer to, a definition of custom ones among them. */
export async function createFuzzServer(setup: readonly SentRequest[]): Promise<FuzzServer> {
  const store = createMemoryStore()
  const errors: string[] = []
  const { handler, run } = await requestHandling(store, errorLog(errors))
  await setUp(handler)
  const writer = new AnswerWriter({ clock: systemClock, toProtobuf })
  const send = (request: SentRequest) => answered(request, { handler, writer })
  const stopping = new AbortController()
  const running = run(stopping.signal)
  for (const request of setup) await send(request)
  await until('custom objects are served', async () => {
    const { status } = await send({ method: 'GET', url: customCollection, headers: {} })
    return status === 200
  })
  errors.splice(0)
  const all = watchChanges(store)
  const base = store.snapshot()
  return {
    errors: () => errors.splice(0),
    async send(request) {
      const before = store.snapshot()
      const recent = watchChanges(store)
      const received = await send(request)
      recent.stop()
      const isChanged = (key: string) => before.get(key)?.value !== store.get(key)?.value
      return { ...received, changed: recent.keys().filter((key) => !keptUp.test(key) && isChanged(key)) }
    },
    async restore() {
      for (const key of all.keys()) {
        const value = base.get(key)?.value
        const expected = store.get(key)?.revision ?? 0
        if (value !== undefined || expected !== 0) await store.write({ key, value, expected })
      }
    },
    async close() {
      stopping.abort()
      await running
    },
  }
}

async function requestHandling(store: Store, log: Logger): Promise<RequestHandling> {
  const names = { clusterDomain: 'cluster.local', serviceAddress: '10.0.0.1', advertiseAddress: address }
  const certificates = await clusterCertificates({ directory: undefined, clock: systemClock, names })
  return createRequestHandler({
    store,
    clock: systemClock,
    log,
    certificates: {
      certificateAuthority: certificates.authority.pair.certificate,
      server: certificates.server,
      kubeletClient: certificates.kubeletClient,
    },
    serviceAccounts: {
      issuer: 'https://kubernetes.default.svc.cluster.local',
      key: certificates.serviceAccountKey,
    },
    authentication: {},
    serviceCidr,
    bindAddress: address,
    port: 6443,
    advertiseAddress: address,
    enabledAdmissionPlugins: ['NodeRestriction'],
    definitions: builtInResources,
    state: { port: 6443, bootstrapped: true, stopping: false },
  })
}

async function setUp(handler: RequestHandling['handler']): Promise<void> {
  const transport = createLoopbackTransport({ handler, identity: ownIdentity, clock: systemClock })
  const facts = { advertiseAddress: address, port: 6443, serviceCidr, serviceAddress: '10.0.0.1' }
  const settings = {
    transport,
    clock: systemClock,
    log: errorLog([]),
    facts: { ...facts, clientCertificateAuthority: '' },
  }
  await bootstrap(settings)
  await announce(settings)
}

function errorLog(errors: string[]): Logger {
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (message, fields) => {
      errors.push(`${message}: ${fields?.error instanceof Error ? fields.error.stack : JSON.stringify(fields)}`)
    },
    child: () => log,
  }
  return log
}

interface Answering {
  readonly handler: RequestHandling['handler']
  readonly writer: AnswerWriter
}

async function answered(request: SentRequest, { handler, writer }: Answering): Promise<Received> {
  const { method, url, headers, body, anonymous } = request
  const loopback = { transport: 'loopback', remoteAddress: address, identity: ownIdentity } as const
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const context = new HttpRequestContext({
    method,
    url,
    headers: new NodeHeaders(headers),
    body: bytes === undefined ? { kind: 'none' } : { kind: 'bytes', read: async () => bytes },
    connection: anonymous ? { transport: 'h1', remoteAddress: address } : loopback,
    receivedMs: systemClock.nowMs(),
    requestId: createHash('md5').update(url).digest('hex'),
  })
  const responder = new MemoryResponder()
  const answer = await handler(context)
  if (answer.kind === 'takeover') return { status: 101, body: '' }
  try {
    const writing = writer.write(answer, context, responder)
    // A watch lasts until its client goes.
    if (answer.kind === 'watch') context.abort(new Error('the client is gone'))
    await writing
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    await writer.writePlain(error.status, context, responder)
  }
  return { status: responder.status, body: Buffer.concat(responder.chunks).toString() }
}

class MemoryResponder implements Responder {
  readonly chunks: Uint8Array[] = []
  status = 0

  get started(): boolean {
    return this.status !== 0
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array): void {
    assertSendable(headers)
    this.status = status
    this.chunks.push(body)
  }

  open(status: number, headers: ResponseHeaders): ResponseStream {
    assertSendable(headers)
    this.status = status
    const write = (chunk: Uint8Array) => {
      this.chunks.push(chunk)
      return true
    }
    return { write, onDrain: () => {}, end: () => {}, destroy: () => {} }
  }

  takeOver(): never {
    throw new Error('there is no connection to take over')
  }

  destroy(): void {}
}

/** Throws for what a header cannot carry, as Node does where there is a socket. */
function assertSendable(headers: ResponseHeaders): void {
  for (const [name, values] of Object.entries(headers))
    for (const value of [values].flat()) validateHeaderValue(name, value)
}

/** The keys that are written from now on. */
function watchChanges(store: Store): { keys(): string[]; stop(): void } {
  const keys = new Set<string>()
  const watch = store.watch({
    prefix: '',
    after: store.revision,
    onChanges: (changes) => {
      for (const { key } of changes) keys.add(key)
    },
  })
  return { keys: () => [...keys], stop: () => watch.ok && watch.cancel() }
}
