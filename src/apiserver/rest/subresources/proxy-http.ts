import http, { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'
import { serviceUnavailable } from '../../../machinery/errors.ts'
import { tlsOptions, type UpgradeTarget } from '../../../platform/http-upgrade.ts'
import type { RawConnection } from '../../request.ts'
import { forwardableHeaders, plainResponse } from './connect-answer.ts'

/** They speak of one connection, not of the message. RFC 9110, section 7.6.1. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** A Pod must not open the API server's origin to other sites. */
const crossOrigin = new Set(
  ['credentials', 'headers', 'methods', 'origin'].map((name) => `access-control-allow-${name}`),
)

/** Passes an ordinary request on to `target` and its answer back. Never rejects. */
export async function proxyHttp(connection: RawConnection, target: UpgradeTarget): Promise<void> {
  const request = connection.request as IncomingMessage
  const response = plainResponse(connection)
  const answer = await ask(request, target)
  if (answer instanceof Error) {
    const { code, status } = serviceUnavailable(`error trying to reach service: ${answer.message}`)
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status))
    return
  }
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer, request, target.url))
  // Whoever hangs up has had enough; the other side is told by the end of its connection.
  await pipeline(answer, response as ServerResponse).catch(() => answer.destroy())
}

function ask(request: IncomingMessage, { url, tls }: UpgradeTarget): Promise<IncomingMessage | Error> {
  return new Promise((resolve) => {
    const outgoing = (url.protocol === 'https:' ? https : http).request(
      url,
      { method: request.method, agent: false, headers: requestHeaders(request), ...tlsOptions(tls) },
      resolve,
    )
    outgoing.on('error', resolve)
    // A body that breaks off ends the request above, and with it comes the error there.
    pipeline(request, outgoing).catch((error: Error) => outgoing.destroy(error))
  })
}

function requestHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const pairs = Object.entries(request.headersDistinct ?? request.headers).flatMap(([name, values]) =>
    [values ?? []].flat().flatMap((value) => [name, value]),
  )
  const headers: OutgoingHttpHeaders = {}
  const kept = forwardableHeaders(pairs)
  for (let index = 0; index < kept.length; index += 2) {
    const name = kept[index]!
    if (!hopByHop.has(name)) headers[name] = append(headers[name], kept[index + 1]!)
  }
  headers.host ??= request.headers[':authority'] as string | undefined
  const hops = [headers['x-forwarded-for'] ?? [], request.socket.remoteAddress ?? []].flat()
  headers['x-forwarded-for'] = hops.join(', ')
  return headers
}

function append(before: OutgoingHttpHeaders[string], value: string): string | string[] {
  return before === undefined ? value : [...[before].flat().map(String), value]
}

function answerHeaders(answer: IncomingMessage, request: IncomingMessage, backend: URL): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    if (!hopByHop.has(name) && !crossOrigin.has(name)) headers[name] = values
  }
  const location = answer.headers.location
  if (location !== undefined) headers.location = rewriteLocation(location, request.url ?? '/', backend)
  return headers
}

/**
 * A redirect within the backend has to lead through the proxy again; others stay. `requestUrl` is what the client
 * asked this server for, `backend` what that became. After apimachinery util/proxy Transport.rewriteURL.
 */
export function rewriteLocation(location: string, requestUrl: string, backend: URL): string {
  const target = URL.parse(location, backend)
  if (!target || target.host !== backend.host) return location
  const path = requestUrl.split('?')[0]!
  const prefix = path.endsWith(backend.pathname) ? path.slice(0, -backend.pathname.length) : path
  return `${prefix}${target.pathname}${target.search}${target.hash}`
}
