import { type ResourceRef, resourcePath } from '../api/resource-ref.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject, type Stored } from '../machinery/object.ts'
import { type Status, StatusError } from '../machinery/status.ts'
import type {
  Client,
  DeleteOptions,
  InNamespace,
  ListOptions,
  PatchType,
  ResourceClient,
  TypedList,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'

/** The typed client over any transport. Holds no state of its own, so one a transport or many makes no difference. */
export function createClient(transport: Transport): Client {
  return { transport, of: (resource) => createResourceClient(transport, resource) }
}

const patchContentTypes: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

function createResourceClient<T extends KubeObject>(transport: Transport, resource: ResourceRef<T>): ResourceClient<T> {
  type Answer = DeepReadonly<Stored<T>>
  const send = <R>(request: ApiRequest) => requestOrThrow<R>(transport, request)
  const pathOf = (target: { namespace?: string | undefined; name?: string | undefined; subresource?: string }) =>
    resourcePath(resource, target)
  const write = (method: 'POST' | 'PUT', object: T, options: WriteOptions, subresource?: string) => {
    const namespace = options.namespace ?? object.metadata?.namespace
    const name = method === 'PUT' ? object.metadata?.name : undefined
    const path = pathOf({ namespace, name, ...(subresource ? { subresource } : {}) })
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }
    return send<Answer>({ method, path, query: writeQuery(options), body, ...signalOf(options) })
  }
  return {
    get: (name, options = {}) =>
      send<Answer>({ method: 'GET', path: pathOf({ ...options, name }), ...signalOf(options) }),
    list: (options = {}) =>
      send<TypedList<Answer>>({
        method: 'GET',
        path: pathOf({ namespace: options.namespace }),
        query: listQuery(options),
        ...signalOf(options),
      }),
    watch: (options = {}) =>
      transport.watch({
        path: pathOf({ namespace: options.namespace }),
        query: watchQuery(options),
        ...signalOf(options),
      }),
    create: (object, options = {}) => write('POST', object, options),
    update: (object, options = {}) => write('PUT', object, options),
    updateStatus: (object, options = {}) => write('PUT', object, options, 'status'),
    patch: (name, body, options) =>
      send<Answer>({
        method: 'PATCH',
        path: pathOf({
          namespace: options.namespace,
          name,
          ...(options.subresource ? { subresource: options.subresource } : {}),
        }),
        query: { ...writeQuery(options), ...(options.force ? { force: 'true' } : {}) },
        body,
        contentType: patchContentTypes[options.type],
        ...signalOf(options),
      }),
    async delete(name, options = {}) {
      const path = pathOf({ namespace: options.namespace, name })
      await send({ method: 'DELETE', path, body: deleteBody(options), ...signalOf(options) })
    },
    async deleteCollection(options = {}) {
      const path = pathOf({ namespace: options.namespace })
      const query = listQuery(options)
      await send({ method: 'DELETE', path, query, body: deleteBody(options), ...signalOf(options) })
    },
    createSubresource: <R>(name: string, subresource: string, body: unknown, options: InNamespace = {}) =>
      send<R>({ method: 'POST', path: pathOf({ ...options, name, subresource }), body, ...signalOf(options) }),
    updateSubresource: <R>(name: string, subresource: string, body: unknown, options: InNamespace = {}) =>
      send<R>({ method: 'PUT', path: pathOf({ ...options, name, subresource }), body, ...signalOf(options) }),
  }
}

/** Sends one request and answers its decoded body. Throws a StatusError for an answer of 400 and above. */
export async function requestOrThrow<R>(transport: Transport, request: ApiRequest): Promise<R> {
  const response = await transport.request(request)
  if (response.status >= 400) throw statusErrorOf(response)
  return response.body as R
}

/** The error in an answer; one that is no Status (a proxy's page) becomes one with the same code. */
export function statusErrorOf({ status: code, body }: Pick<ApiResponse, 'status' | 'body'>): StatusError {
  if (isStatusObject(body)) return new StatusError({ code, ...body })
  const text = typeof body === 'string' ? body.slice(0, 2048) : JSON.stringify(body)?.slice(0, 2048)
  return new StatusError({ code, reason: '', message: text || `the server answered ${code}` })
}

function isStatusObject(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status'
}

function signalOf({ signal }: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}

function writeQuery({ dryRun, fieldManager }: WriteOptions): Record<string, string> {
  return { ...(dryRun ? { dryRun: 'All' } : {}), ...(fieldManager ? { fieldManager } : {}) }
}

function listQuery(options: ListOptions): Record<string, string> {
  return queryOf({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  })
}

function watchQuery(options: WatchOptions): Record<string, string> {
  return queryOf({
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    allowWatchBookmarks: options.allowWatchBookmarks,
    timeoutSeconds: options.timeoutSeconds,
    sendInitialEvents: options.sendInitialEvents,
    // The server refuses initial events without this match, and any match without initial events.
    resourceVersionMatch: options.sendInitialEvents ? 'NotOlderThan' : undefined,
  })
}

function queryOf(values: Record<string, string | number | boolean | undefined>): Record<string, string> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}

function deleteBody({ gracePeriodSeconds, propagationPolicy, preconditions }: DeleteOptions): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy ? { propagationPolicy } : {}),
    ...(preconditions ? { preconditions } : {}),
  }
}
