import { once } from 'node:events'
import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ResourceDefinition } from '../../src/api/resource-definition.ts'
import type { Node, Pod } from '../../src/api/types/core/v1.ts'
import type { ObjectReader } from '../../src/apiserver/object-reader.ts'
import type { Answer, RawConnection, RequestContext } from '../../src/apiserver/request.ts'
import { parseRequestInfo } from '../../src/apiserver/request-info.ts'
import { connectHandlers } from '../../src/apiserver/rest/subresources/connect.ts'
import { defaultPreferredAddressTypes } from '../../src/apiserver/rest/subresources/connect-location.ts'
import { internalError, notFound } from '../../src/machinery/errors.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { StatusError } from '../../src/machinery/status.ts'
import type { ClientTls } from '../../src/platform/http-upgrade.ts'

/** Just enough of an API server for a client to find a Pod and reach its subresources, over plain HTTP/1.1. */
export interface StreamingEdge {
  readonly url: string
  close(): Promise<void>
}

export interface StreamingEdgeOptions {
  readonly objects: readonly (Pod | Node | KubeObject)[]
  readonly kubeletTls: ClientTls
  /** Whether anybody may `create`; reading is always allowed. */
  readonly allowCreate?: boolean
}

const discovery: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'] }],
  },
}

export async function startStreamingEdge(options: StreamingEdgeOptions): Promise<StreamingEdge> {
  const sockets = new Set<Duplex>()
  const server = createServer((request, response) => void serve(options, { request, response }))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    const response = new ServerResponse(request)
    response.assignSocket(socket as Socket)
    void serve(options, { request, response, socket, head })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function serve(options: StreamingEdgeOptions, connection: RawConnection): Promise<void> {
  const response = connection.response as ServerResponse
  const answer = await answerOf(options, connection.request as IncomingMessage).catch((error: unknown) => {
    const failure = error instanceof StatusError ? error : internalError(error)
    return { kind: 'status' as const, status: failure.status }
  })
  if (answer.kind === 'takeover') return answer.run(connection)
  const status = answer.kind === 'status' ? (answer.status.code ?? 500) : answer.kind === 'watch' ? 500 : answer.status
  const body =
    answer.kind === 'status'
      ? answer.status
      : answer.kind === 'object'
        ? answer.object
        : answer.kind === 'bytes'
          ? ''
          : {}
  response.writeHead(status, answer.kind === 'bytes' ? answer.headers : { 'content-type': 'application/json' })
  response.end(body === '' ? '' : JSON.stringify(body))
}

async function answerOf(options: StreamingEdgeOptions, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://edge')
  const known = discovery[url.pathname]
  if (known) return { kind: 'object', status: 200, object: known as KubeObject }
  const context = contextOf(request, url)
  const { resource, subresource, namespace, name } = context.info
  const handlers = connectHandlers({
    reader: readerOf(options.objects),
    authorizer: { authorize: () => ({ allowed: options.allowCreate ?? true, reason: 'not today' }) },
    admission: { mutate: async () => {}, validate: async () => {} },
    kubelet: {
      tls: options.kubeletTls,
      defaultPort: 10250,
      preferredAddressTypes: defaultPreferredAddressTypes,
    },
  })
  const handler = handlers[`${resource}/${subresource}`]
  if (handler) return handler(context, { definition: {} as ResourceDefinition, subresource, namespace, name })
  const object = find(options.objects, { kind: 'Pod', name, namespace })
  if (!object) throw notFound({ group: '', resource }, name)
  return { kind: 'object', status: 200, object }
}

function contextOf(request: IncomingMessage, url: URL): RequestContext {
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: {
      get: (name) => request.headersDistinct[name.toLowerCase()]?.[0],
      names: () => Object.keys(request.headersDistinct),
      all: (name) => request.headersDistinct[name.toLowerCase()] ?? [],
    },
    body: { kind: 'none' },
    signal: new AbortController().signal,
    connection: { transport: 'h1', remoteAddress: '127.0.0.1' },
    receivedMs: 0,
    info: parseRequestInfo(request.method ?? 'GET', url.pathname, url.searchParams),
    user: { name: 'admin', groups: [], extra: {} },
    warnings: [],
  }
}

function find(objects: readonly KubeObject[], wanted: { kind: string; name: string; namespace?: string | undefined }) {
  return objects.find(
    ({ kind, metadata }) =>
      kind === wanted.kind &&
      metadata?.name === wanted.name &&
      (metadata?.namespace ?? '') === (wanted.namespace ?? ''),
  )
}

function readerOf(objects: readonly KubeObject[]): ObjectReader {
  return {
    get: (({ kind }: { kind: string }, name: string, namespace?: string) =>
      find(objects, { kind, name, namespace })) as ObjectReader['get'],
    list: () => [],
    convert: async () => {},
    onChange: () => () => {},
  }
}
