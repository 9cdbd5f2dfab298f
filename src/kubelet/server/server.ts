import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../platform/clock.ts'
import { refuseUpgrade } from '../../platform/http-upgrade.ts'
import type { Logger } from '../../platform/log.ts'
import { userOfCertificate } from './authenticate.ts'
import { type AuthorizeKubelet, refusalOf } from './authorize.ts'
import type { KubeletServerHost } from './host.ts'
import { KubeletHttpError, type KubeletRequest } from './request.ts'
import { findRoute, type Route } from './routes.ts'

export interface KubeletServerOptions {
  readonly host: KubeletServerHost
  readonly nodeName: string
  /** PEM. */
  readonly certificate: string
  readonly key: string
  /** PEM; who may call must show a certificate of this authority. */
  readonly clientCertificateAuthority: string
  readonly authorize: AuthorizeKubelet
  readonly clock: Clock
  readonly log: Logger
}

export interface KubeletServer {
  /** Port 0 takes a free one. Resolves with the port; rejects when it is taken. */
  listen(port: number, address?: string): Promise<number>
  /** Cuts what is open: logs being followed, commands, forwarded ports. */
  close(): Promise<void>
}

/** The kubelet's own HTTPS server: logs, exec, attach, port-forward, Pods and statistics. HTTP/1.1. */
export function createKubeletServer(options: KubeletServerOptions): KubeletServer {
  const sockets = new Set<Duplex>()
  const server = createServer({
    cert: options.certificate,
    key: options.key,
    ca: options.clientCertificateAuthority,
    requestCert: true,
    // Whoever has no certificate is told so in HTTP, not by a failed handshake.
    rejectUnauthorized: false,
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', (error) => options.log.debug('connection failed', { error }))
  })
  server.on('request', (incoming, response) => {
    void serveRequest(options, incoming, response)
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    void serveUpgrade(options, { request: incoming, socket, head })
  })
  return {
    listen: (port, address) => listen(server, port, address),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function listen(server: Server, port: number, address?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: address }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Never rejects. */
async function serveRequest(
  options: KubeletServerOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { route, request } = await admit(options, incoming)
    await route.handler(request, response)
  } catch (error) {
    // A body that has begun cannot become an error any more; the client sees it cut off.
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, message } = errorPage(options, incoming, error)
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
    response.end(message)
  }
}

/** Never rejects. */
async function serveUpgrade(
  options: KubeletServerOptions,
  client: { request: IncomingMessage; socket: Duplex; head: Uint8Array },
): Promise<void> {
  try {
    const { route, request } = await admit(options, client.request)
    if (!route.upgrade) throw new KubeletHttpError(400, 'this path does not upgrade')
    await route.upgrade(request, client)
  } catch (error) {
    const { status, message } = errorPage(options, client.request, error)
    refuseUpgrade(client.socket, { status, body: message })
  }
}

/** Who may do what: authentication, authorization, then the route. In this order, so that nobody can feel for paths. */
async function admit(
  options: KubeletServerOptions,
  incoming: IncomingMessage,
): Promise<{ route: Route; request: KubeletRequest }> {
  const { host, nodeName, clock, log, authorize } = options
  const user = userOfCertificate(incoming.socket as TLSSocket)
  if (!user) throw new KubeletHttpError(401, 'Unauthorized')
  const url = new URL(incoming.url ?? '/', 'https://kubelet')
  const method = incoming.method ?? 'GET'
  const refusal = await refusalOf({ user, method, path: url.pathname, nodeName }, authorize)
  if (refusal !== undefined) throw new KubeletHttpError(403, refusal)
  const found = findRoute(url.pathname)
  if (!found) throw new KubeletHttpError(404, '404 page not found\n')
  if (!found.route.methods.includes(method)) throw new KubeletHttpError(405, '405: Method Not Allowed')
  const { route, parameters } = found
  return { route, request: { host, nodeName, clock, log, parameters, query: url.searchParams, incoming } }
}

function errorPage(
  { log }: KubeletServerOptions,
  { method, url }: IncomingMessage,
  error: unknown,
): { readonly status: number; readonly message: string } {
  if (error instanceof KubeletHttpError) return error
  log.warn('request failed', { method, path: url?.split('?')[0], error })
  return { status: 500, message: error instanceof Error ? error.message : String(error) }
}
