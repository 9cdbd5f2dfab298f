import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { passUpgrade } from '../../platform/http-upgrade.ts'
import type { Answer, RawConnection, RequestContext, Step } from '../request.ts'
import {
  forwardableHeaders,
  hopByHop,
  plainResponse,
  upgradeAnswer,
  wantsUpgrade,
} from '../rest/subresources/connect-answer.ts'
import { frontProxyHeaders, type IsIdentityHeader } from './front-proxy-headers.ts'
import { answerInProcess } from './in-process.ts'
import type { RemoteApi } from './remote-api.ts'
import type { RemoteApis } from './remote-apis.ts'

/** Clients ask every server what it serves before anything else: one that is slow must not hold them up. */
const discoveryTimeoutMs = 5_000

/** Headers of the client's that the other server gets anew, or not at all. */
const notPassedOn: ReadonlySet<string> = new Set([...hopByHop, 'host'])

const redirectRefused = 'the backend attempted to redirect this request, which is not permitted'

/**
 * Hands requests for group-versions of other servers on to them. Who asks has been authenticated and authorized here.
 * After kube-aggregator apiserver/handler_proxy.go v1.36.
 */
export function aggregate(apis: RemoteApis, isIdentity: IsIdentityHeader): Step {
  return (context, next) => {
    const api = apis.serving(context.info)
    return api ? proxy(context, api, isIdentity) : next(context)
  }
}

async function proxy(context: RequestContext, api: RemoteApi, isIdentity: IsIdentityHeader): Promise<Answer> {
  if (!api.isAvailable) return plainText(503, 'service unavailable\n')
  let location: URL
  try {
    location = api.locate()
  } catch {
    // Its condition says why, as soon as it has been looked at again.
    return plainText(503, 'service unavailable\n')
  }
  if (context.connection.transport === 'loopback') return answerInProcess(context, api)
  if (!wantsUpgrade(context))
    return { kind: 'takeover', run: (connection) => passOn(connection, context, { api, isIdentity }) }
  location.pathname = context.path
  location.search = context.query.toString()
  return upgradeAnswer((client) =>
    passUpgrade(client, {
      url: location,
      tls: api.tls,
      headers: [...withoutIdentity(client.request.rawHeaders, isIdentity), ...frontProxyHeaders(context.user)],
    }),
  )
}

interface Destination {
  readonly api: RemoteApi
  readonly isIdentity: IsIdentityHeader
}

/** Never rejects. */
async function passOn(
  connection: RawConnection,
  context: RequestContext,
  { api, isIdentity }: Destination,
): Promise<void> {
  const request = connection.request as IncomingMessage
  const response = plainResponse(connection)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const answer = await api.request({
      method: context.method,
      path: request.url ?? '/',
      headers: requestHeaders(request, context, isIdentity),
      user: context.user,
      signal: gone.signal,
      ...(hasBody(request) && { body: request }),
      ...(!context.info.isResourceRequest && { timeoutMs: discoveryTimeoutMs }),
    })
    const status = answer.statusCode ?? 502
    if (status >= 300 && status <= 399 && answer.headers.location !== undefined) {
      answer.destroy()
      response.writeHead(502, { 'content-length': Buffer.byteLength(redirectRefused) })
      response.end(redirectRefused)
      return
    }
    response.writeHead(status, answerHeaders(answer))
    // Whoever hangs up has had enough; the other side is told by the end of its connection.
    await pipeline(answer, response).catch(() => answer.destroy())
  } catch (error) {
    if (response.headersSent || response.destroyed) return
    const why = error instanceof Error ? error.message : String(error)
    response.writeHead(503, plainHeaders)
    response.end(`error trying to reach service: ${why}\n`)
  }
}

function hasBody({ headers, method }: IncomingMessage): boolean {
  if (headers['content-length'] !== undefined) return headers['content-length'] !== '0'
  // Over HTTP/2 a body needs no header of its own.
  return headers['transfer-encoding'] !== undefined || (method !== 'GET' && method !== 'HEAD' && method !== 'DELETE')
}

function requestHeaders(request: IncomingMessage, context: RequestContext, isIdentity: IsIdentityHeader): string[] {
  const headers: string[] = []
  const kept = withoutIdentity(rawHeadersOf(request), isIdentity)
  const forwardedFor = [request.socket.remoteAddress ?? context.connection.remoteAddress]
  for (let index = 0; index + 1 < kept.length; index += 2) {
    const name = kept[index]!.toLowerCase()
    if (name === 'x-forwarded-for') forwardedFor.unshift(kept[index + 1]!)
    else if (!notPassedOn.has(name)) headers.push(kept[index]!, kept[index + 1]!)
  }
  const host = request.headers.host ?? String(request.headers[':authority'] ?? '')
  return [
    ...headers,
    'X-Forwarded-For',
    forwardedFor.join(', '),
    'X-Forwarded-Uri',
    context.path,
    'X-Forwarded-Host',
    host,
    'X-Forwarded-Proto',
    'https',
  ]
}

/** HTTP/2 and HTTP/1.1 alike: every value that came, name and value in turn. */
function rawHeadersOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, index) => !rawHeaders[index - (index % 2)]!.startsWith(':'))
}

function withoutIdentity(rawHeaders: readonly string[], isIdentity: IsIdentityHeader): string[] {
  const kept = forwardableHeaders(rawHeaders)
  return kept.filter((_, index) => !isIdentity(kept[index - (index % 2)]!.toLowerCase()))
}

function answerHeaders({ headersDistinct }: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headersDistinct).filter(([name]) => !notPassedOn.has(name)))
}

const plainHeaders = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }

/** As Go's http.Error writes it. */
function plainText(status: number, body: string): Answer {
  return { kind: 'bytes', status, headers: plainHeaders, body: body || `${STATUS_CODES[status]}\n` }
}
