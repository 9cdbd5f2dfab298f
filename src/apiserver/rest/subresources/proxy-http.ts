import http, { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib'
import { serviceUnavailable } from '../../../machinery/errors.ts'
import { tlsOptions, type UpgradeTarget } from '../../../platform/http-upgrade.ts'
import type { RawConnection } from '../../request.ts'
import { forwardableHeaders, hopByHop, plainResponse } from './connect-answer.ts'
import { type ProxiedPage, rewriteLink } from './proxied-page.ts'

/** A Pod must not open the API server's origin to other sites. */
const crossOrigin = new Set(
  ['credentials', 'headers', 'methods', 'origin'].map((name) => `access-control-allow-${name}`),
)

/** Passes an ordinary request on to `target` and its answer back. Never rejects. */
export async function proxyHttp(connection: RawConnection, target: UpgradeTarget): Promise<void> {
  const request = connection.request as IncomingMessage
  const response = plainResponse(connection)
  const page = proxiedPage(request, target.url)
  const answer = await ask(request, target, `${page.prefix}${target.url.pathname}`)
  if (answer instanceof Error) {
    const { code, status } = serviceUnavailable(`error trying to reach service: ${answer.message}`)
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status))
    return
  }
  const rewriting = request.method === 'HEAD' ? [] : await linkRewriting(answer, page)
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer, page, rewriting.length > 0))
  // Whoever hangs up has had enough; the other side is told by the end of its connection.
  await pipeline([answer, ...rewriting, response as ServerResponse]).catch(() => answer.destroy())
}

/** What lies between the path the client asked for and the backend's is what the proxy put before it. */
function proxiedPage({ url = '/', headers }: IncomingMessage, backend: URL): ProxiedPage {
  const path = url.split('?')[0]!
  const prefix = path.endsWith(backend.pathname) ? path.slice(0, -backend.pathname.length) : path
  return { backendHost: backend.host, requestHost: headers.host ?? String(headers[':authority'] ?? ''), prefix }
}

/** What an answer has to flow through; nothing unless it is a page, in an encoding that can be read. */
async function linkRewriting(answer: IncomingMessage, page: ProxiedPage): Promise<Transform[]> {
  const { headers } = answer
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
  if (mediaType.trim() !== 'text/html' || headers.location !== undefined) return []
  // A megabyte and a half of tables that most servers never need.
  const { linkRewriter } = await import('./link-rewriter.ts')
  switch (headers['content-encoding']) {
    case undefined:
    case '':
      answer.setEncoding('utf8')
      return [linkRewriter(page)]
    case 'gzip':
      return [createGunzip().setEncoding('utf8'), linkRewriter(page), createGzip()]
    case 'deflate':
      return [createInflateRaw().setEncoding('utf8'), linkRewriter(page), createDeflateRaw()]
    default:
      return []
  }
}

function ask(
  request: IncomingMessage,
  { url, tls }: UpgradeTarget,
  askedPath: string,
): Promise<IncomingMessage | Error> {
  return new Promise((resolve) => {
    const outgoing = (url.protocol === 'https:' ? https : http).request(
      url,
      { method: request.method, agent: false, headers: requestHeaders(request, askedPath), ...tlsOptions(tls) },
      resolve,
    )
    outgoing.on('error', resolve)
    // A body that breaks off ends the request above, and with it comes the error there.
    pipeline(request, outgoing).catch((error: Error) => outgoing.destroy(error))
  })
}

function requestHeaders(request: IncomingMessage, askedPath: string): OutgoingHttpHeaders {
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
  headers['x-forwarded-uri'] = askedPath
  return headers
}

function append(before: OutgoingHttpHeaders[string], value: string): string | string[] {
  return before === undefined ? value : [...[before].flat().map(String), value]
}

function answerHeaders(answer: IncomingMessage, page: ProxiedPage, rewritten: boolean): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    if (!hopByHop.has(name) && !crossOrigin.has(name)) headers[name] = values
  }
  const location = answer.headers.location
  if (location !== undefined) headers.location = rewriteLink(location, page)
  if (rewritten) delete headers['content-length']
  return headers
}
