import { type ResourceRef, resourcePath } from '../api/resource-ref.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject, type Stored } from '../machinery/object.ts'
import { type Status, StatusError } from '../machinery/status.ts'
import type {
  Client,
  DeleteOptions,
  InNamespace,
  ListOptions,
  PatchOptions,
  PatchType,
  ResourceClient,
  TypedList,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import type { ApiRequest, ApiResponse, Transport, WatchStream } from './transport.ts'

/** The typed client over any transport. Holds no state of its own, so one a transport or many makes no difference. */
export function createClient(transport: Transport): Client {
  return { transport, of: (resource) => new TransportResourceClient(transport, resource) }
}

type Answer<T extends KubeObject> = DeepReadonly<Stored<T>>

const patchContentTypes: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** Where a request goes, below the resource's own path. */
interface Target {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

class TransportResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #transport: Transport
  readonly #resource: ResourceRef<T>

  constructor(transport: Transport, resource: ResourceRef<T>) {
    this.#transport = transport
    this.#resource = resource
  }

  get(name: string, { namespace, subresource, signal }: InNamespace & { subresource?: string } = {}) {
    return this.#send<Answer<T>>('GET', { namespace, name, subresource }, { ...signalOf({ signal }) })
  }

  list(options: ListOptions = {}) {
    return this.#send<TypedList<Answer<T>>>('GET', options, { query: listQuery(options), ...signalOf(options) })
  }

  watch(options: WatchOptions = {}): Promise<WatchStream> {
    const path = resourcePath(this.#resource, { namespace: options.namespace })
    return this.#transport.watch({ path, query: watchQuery(options), ...signalOf(options) })
  }

  create(object: T, options: WriteOptions = {}) {
    return this.#write('POST', object, options, { namespace: namespaceOf(object, options) })
  }

  update(object: T, options: WriteOptions = {}) {
    const target = { namespace: namespaceOf(object, options), name: object.metadata?.name }
    return this.#write('PUT', object, options, target)
  }

  updateStatus(object: T, options: WriteOptions = {}) {
    const target = { namespace: namespaceOf(object, options), name: object.metadata?.name, subresource: 'status' }
    return this.#write('PUT', object, options, target)
  }

  patch(name: string, body: unknown, options: PatchOptions) {
    const { namespace, subresource, force, type } = options
    const query = { ...writeQuery(options), ...(force ? { force: 'true' } : {}) }
    const content = { query, body, contentType: patchContentTypes[type], ...signalOf(options) }
    return this.#send<Answer<T>>('PATCH', { namespace, name, subresource }, content)
  }

  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    const { namespace } = options
    await this.#send('DELETE', { namespace, name }, { body: deleteBody(options), ...signalOf(options) })
  }

  async deleteCollection(options: ListOptions & DeleteOptions = {}): Promise<void> {
    const content = { query: listQuery(options), body: deleteBody(options), ...signalOf(options) }
    await this.#send('DELETE', { namespace: options.namespace }, content)
  }

  createSubresource<R>(name: string, subresource: string, body: unknown, options: InNamespace = {}): Promise<R> {
    return this.#send<R>('POST', { namespace: options.namespace, name, subresource }, { body, ...signalOf(options) })
  }

  updateSubresource<R>(name: string, subresource: string, body: unknown, options: InNamespace = {}): Promise<R> {
    return this.#send<R>('PUT', { namespace: options.namespace, name, subresource }, { body, ...signalOf(options) })
  }

  /** Clients of real servers must name kind and apiVersion; callers need not. */
  #write(method: 'POST' | 'PUT', object: T, options: WriteOptions, target: Target): Promise<Answer<T>> {
    const body = { apiVersion: apiVersionOf(this.#resource), kind: this.#resource.kind, ...object }
    return this.#send<Answer<T>>(method, target, { query: writeQuery(options), body, ...signalOf(options) })
  }

  #send<R>(
    method: ApiRequest['method'],
    { namespace, name, subresource }: Target,
    content: Omit<ApiRequest, 'method' | 'path'>,
  ): Promise<R> {
    const path = resourcePath(this.#resource, { namespace, name, subresource })
    return requestOrThrow<R>(this.#transport, { method, path, ...content })
  }
}

function namespaceOf(object: KubeObject, { namespace }: InNamespace): string | undefined {
  return namespace ?? object.metadata?.namespace
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

function signalOf({ signal }: { signal?: AbortSignal | undefined }): { signal?: AbortSignal } {
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
