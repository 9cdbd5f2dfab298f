import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { posix } from 'node:path'
import { mayHaveLargeNumbers, NumberRangeError, parseExactJson } from '../../machinery/exact-json.ts'
import { jsonText } from '../../machinery/format-json.ts'
import { JsonSyntaxError, parseJson } from '../../machinery/json-text.ts'
import type { Clock } from '../../platform/clock.ts'
import type { ObjectReader } from '../object-reader.ts'
import { connectionErrorText, deadlineExceeded } from './connection-error.ts'
import { resolveService, type ServiceAddress, type ServiceReference } from './resolve-service.ts'
import { serverResponseError } from './server-response-error.ts'

/** How objects name a webhook: admissionregistration.k8s.io and apiextensions.k8s.io have the same type. */
export interface WebhookClientConfig {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly path?: string
    readonly port?: number
  }
  /** PEM in base64. Without it the authorities that Node knows are trusted. */
  readonly caBundle?: string
}

/** Where a call goes, and how that side is known and we are known to it. PEM. */
export interface WebhookTarget {
  /** Without query, as it is written: errors show it. */
  readonly url: string
  /** Asked at every call: where to connect to, if not to the URL's host. Throws when there is no such place. */
  readonly connectTo?: () => ServiceAddress
  /** The name to expect in the certificate, if not the URL's host. */
  readonly serverName?: string
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  readonly token?: string
  readonly insecureSkipTlsVerify?: boolean
}

export interface WebhookCall {
  /** Sent as JSON. */
  readonly body: unknown
  /** Until the whole answer is there. The other side is told in the query. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface WebhookClient {
  /** What an object's `clientConfig` means. Throws when it names neither or cannot be read. */
  target(config: WebhookClientConfig): WebhookTarget
  /**
   * POSTs and answers the JSON that came back. Rejects with a StatusError when the other side answers with an error,
   * and otherwise with an Error whose message is Go's: `Post "https://…": dial tcp …: connect: connection refused`.
   */
  call(target: WebhookTarget, call: WebhookCall): Promise<unknown>
}

export interface WebhookClientOptions {
  readonly reader: ObjectReader
  readonly clock: Clock
  /** A whole number below `limit`: which endpoint of a Service is asked. */
  readonly random: (limit: number) => number
}

/** Go's client keeps an unused connection as long. */
const idleConnectionMs = 90_000
const maxIdleConnectionsPerHost = 25
const maxResponseBytes = 16 * 1024 * 1024

/** Calls out of the API server. Connections are kept, and keep no process alive. After apiserver util/webhook v1.36. */
export function createWebhookClient({ reader, clock, random }: WebhookClientOptions): WebhookClient {
  const pool = {
    keepAlive: true,
    timeout: idleConnectionMs,
    maxFreeSockets: maxIdleConnectionsPerHost,
    scheduling: 'lifo' as const,
  }
  const agents: Agents = { http: new http.Agent(pool), https: new https.Agent(pool) }
  return {
    target: (config) => targetOf(config, (service) => resolveService(reader, service, random)),
    call: (target, call) => callWebhook(target, call, { agents, clock }),
  }
}

interface Agents {
  readonly http: http.Agent
  readonly https: https.Agent
}

interface Caller {
  readonly agents: Agents
  readonly clock: Clock
}

type Resolve = (service: ServiceReference) => ServiceAddress

function targetOf({ url, service, caBundle }: WebhookClientConfig, resolve: Resolve): WebhookTarget {
  const trust = caBundle ? { certificateAuthority: Buffer.from(caBundle, 'base64').toString() } : {}
  if (!service) return { url: cleanUrl(url), ...trust }
  const { namespace, name, path = '', port = 443 } = service
  const serverName = `${name}.${namespace}.svc`
  return {
    url: `https://${serverName}:${port}${cleanPath(path)}`,
    connectTo: () => resolve({ namespace, name, port }),
    serverName,
    ...trust,
  }
}

/** Scheme, host and path as they are written, since errors show them. */
function cleanUrl(url: string | undefined): string {
  if (!url) throw new Error('webhook configuration must have either service or URL')
  const [, host, path = ''] = /^(https?:\/\/[^/?#]+)([^?#]*)/i.exec(url) ?? []
  if (host === undefined || !URL.canParse(url)) throw new Error(`Unparsable URL: parse ${JSON.stringify(url)}`)
  return host + cleanPath(path)
}

/** As Go's path.Join("/", path): without empty steps and without a slash at the end. */
function cleanPath(path: string): string {
  return posix.join('/', path).replace(/(?<=.)\/$/, '')
}

async function callWebhook(target: WebhookTarget, call: WebhookCall, caller: Caller): Promise<unknown> {
  const { status, contentType, body } = await exchange(target, call, caller)
  if (status < 200 || status > 206) throw serverResponseError({ status, contentType, body })
  try {
    const { value } = parseJson(body)
    return mayHaveLargeNumbers(body) ? parseExactJson(body) : value
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof NumberRangeError)) throw error
    throw new Error(`couldn't get version/kind; json parse error: ${error.message}`, { cause: error })
  }
}

/** Whatever was answered in time. */
async function exchange(target: WebhookTarget, call: WebhookCall, { agents, clock }: Caller): Promise<RawResponse> {
  const url = `${target.url}?timeout=${goSeconds(call.timeoutMs)}`
  const expiry = new AbortController()
  const timer = clock.setTimer(call.timeoutMs, () => expiry.abort(new Error(deadlineExceeded)))
  const signal = call.signal ? AbortSignal.any([call.signal, expiry.signal]) : expiry.signal
  try {
    return await postRetried({ url, target, signal, agents, body: Buffer.from(jsonText(call.body)) })
  } catch (error) {
    const why = expiry.signal.aborted ? deadlineExceeded : connectionErrorText(error)
    throw new Error(`Post ${JSON.stringify(url)}: ${why}`, { cause: error })
  } finally {
    timer.cancel()
  }
}

/** Whole seconds, rounded up, as Go writes a duration: `10s`, `1m0s`. */
function goSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds}s` : `${Math.trunc(seconds / 60)}m${seconds % 60}s`
}

interface Exchange {
  readonly url: string
  readonly target: WebhookTarget
  readonly body: Buffer
  readonly signal: AbortSignal
  readonly agents: Agents
}

interface RawResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** A kept connection may have been closed by the other side just now: then the call never got there. */
async function postRetried(given: Exchange): Promise<RawResponse> {
  let request: ClientRequest | undefined
  const post = () => {
    request = startRequest(given)
    return finishRequest(request, given.body)
  }
  try {
    return await post()
  } catch (error) {
    const isStale = request?.reusedSocket && (error as { code?: string }).code === 'ECONNRESET'
    if (!isStale || given.signal.aborted) throw error
    return post()
  }
}

function startRequest({ url, target, body, signal, agents }: Exchange): ClientRequest {
  const parsed = new URL(url)
  const { host, port } = target.connectTo?.() ?? { host: unbracketed(parsed.hostname), port: Number(parsed.port) }
  const serverName = target.serverName ?? unbracketed(parsed.hostname)
  const options: https.RequestOptions = {
    method: 'POST',
    host,
    ...(port ? { port } : {}),
    path: parsed.pathname + parsed.search,
    signal,
    headers: {
      host: parsed.host,
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': body.byteLength,
      'user-agent': 'kube-apiserver-admission',
      ...(target.token ? { authorization: `Bearer ${target.token}` } : {}),
    },
  }
  if (parsed.protocol === 'http:') return http.request({ ...options, agent: agents.http })
  return https.request({ ...options, ...tlsOptions(target, serverName), agent: agents.https })
}

function tlsOptions(target: WebhookTarget, serverName: string): https.RequestOptions {
  return {
    ...(isIP(serverName) ? {} : { servername: serverName }),
    // As in Go, whatever the bundle holds is trusted, whether or not it is an authority at the root.
    ...(target.certificateAuthority ? { ca: target.certificateAuthority, allowPartialTrustChain: true } : {}),
    ...(target.clientCertificate ? { cert: target.clientCertificate } : {}),
    ...(target.clientKey ? { key: target.clientKey } : {}),
    ...(target.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
  }
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}

async function finishRequest(request: ClientRequest, body: Buffer): Promise<RawResponse> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    // Stays for the request's whole life: an error after the answer has begun is the reader's, and must not be fatal.
    request.on('error', reject)
    request.end(body)
  })
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: await readText(response),
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > maxResponseBytes) throw new Error(`the answer is longer than ${maxResponseBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
