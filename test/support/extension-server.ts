import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { systemClock } from '../../src/platform/clock.ts'

export interface ExtensionServerOptions {
  /** The name of its Service in the cluster: what its certificate is for. */
  readonly serverName: string
  /** Whose client certificates are believed. PEM. */
  readonly clientAuthority: string
  readonly group: string
  readonly version: string
}

/** A server of one group-version with one kind, `Thing`, as somebody may put it behind an APIService. */
export interface ExtensionServer {
  readonly port: number
  /** PEM, base64: the `caBundle` of the APIService. */
  readonly caBundle: string
  /** The headers of every request for things, in order. */
  readonly seen: IncomingHttpHeaders[]
  stop(): Promise<void>
}

export async function startExtensionServer(options: ExtensionServerOptions): Promise<ExtensionServer> {
  const authority = await CertificateAuthority.create('extension-ca', systemClock)
  const { certificate, key } = await authority.issue({
    commonName: 'extension',
    names: [options.serverName],
    usage: 'server',
  })
  const seen: IncomingHttpHeaders[] = []
  const tls = { cert: certificate, key, ca: options.clientAuthority, requestCert: true, rejectUnauthorized: true }
  const server = https.createServer(tls, (request, response) => answer({ request, response, seen, options }))
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.pair.certificate).toString('base64'),
    seen,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly seen: IncomingHttpHeaders[]
  readonly options: ExtensionServerOptions
}

function answer({ request, response, seen, options }: Exchange): void {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const document = documents(options)[path]
  if (document) {
    answerJson(response, document)
    return
  }
  seen.push(request.headers)
  const { group, version } = options
  const thing = { apiVersion: `${group}/${version}`, kind: 'Thing', metadata: { name: 'one', resourceVersion: '1' } }
  if (path.endsWith('/moved')) {
    response.writeHead(302, { location: '/elsewhere' })
    response.end()
  } else if (query.includes('watch=true')) {
    answerJson(response, { type: 'ADDED', object: thing })
  } else if (request.method === 'POST') {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => answerJson(response, JSON.parse(body), 201))
  } else if (path.startsWith(`/apis/${group}/${version}/`)) answerJson(response, thing)
  else answerJson(response, { kind: 'Status', code: 404 }, 404)
}

function answerJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

/** How the server describes itself, by path. */
function documents({ group, version }: ExtensionServerOptions): Record<string, object> {
  const root = `/apis/${group}/${version}`
  const paths = { [`${root}/things`]: {} }
  return {
    [root]: resources(group, version),
    '/openapi/v2': { swagger: '2.0', paths: { ...paths, '/other': {} }, definitions: {} },
    '/openapi/v3': { paths: { [root.slice(1)]: { serverRelativeURL: `/openapi/v3${root}` } } },
    [`/openapi/v3${root}`]: { openapi: '3.0.0', paths },
  }
}

function resources(group: string, version: string): object {
  const thing = { name: 'things', singularName: 'thing', namespaced: false, kind: 'Thing', verbs: ['get', 'list'] }
  const status = { name: 'things/status', singularName: '', namespaced: false, kind: 'Thing', verbs: ['get'] }
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources: [thing, status] }
}
