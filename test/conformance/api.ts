import assert from 'node:assert/strict'
import { request } from 'node:https'
import { text as readAll } from 'node:stream/consumers'
import { after, before } from 'node:test'
import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { Pod } from '../../src/api/types/core/v1.ts'
import { namespaces, pods, serviceAccounts } from '../../src/api/types/resources.ts'
import type { Client, WatchOptions } from '../../src/client/client.ts'
import type { ApiResponse, ApiWatchEvent, Transport } from '../../src/client/transport.ts'
import { createClient } from '../../src/client/typed-client.ts'
import { Cluster, type EmbeddedOptions } from '../../src/cluster/embedded.ts'
import type { DeepReadonly, KubeObject, Stored } from '../../src/machinery/object.ts'
import { isStatus, StatusError } from '../../src/machinery/status.ts'
import { valueAt } from '../reference/paths.ts'
import { kubeconfigTransport } from '../support/kubeconfig-transport.ts'
import { until } from '../support/processes.ts'

export interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
}

export interface SentText {
  readonly method: 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly text: string
  readonly contentType: string
}

/** A cluster in this process, spoken to over HTTP as a conformance test would do it. */
export class Api {
  readonly cluster: Cluster
  readonly transport: Transport
  readonly client: Client
  #named = 0

  constructor(cluster: Cluster) {
    this.cluster = cluster
    this.transport = kubeconfigTransport(cluster.kubeconfig)
    this.client = createClient(this.transport)
  }

  /** One request as it is; resolves for every status. */
  send({ method = 'GET', ...rest }: Sent): Promise<ApiResponse> {
    return this.transport.request({ method, ...rest })
  }

  /** A request whose body is this text, to its last blank; the answer as text as well. */
  sendText({ method, path, text, contentType }: SentText): Promise<{ status: number; text: string }> {
    const { url, certificateAuthority, clientCertificate, clientKey } = this.transport.endpoint!
    return new Promise((resolve, reject) => {
      const tls = { ca: certificateAuthority, cert: clientCertificate, key: clientKey }
      const sent = request(`${url}${path}`, { method, ...tls, headers: { 'content-type': contentType } }, (answer) => {
        readAll(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject)
      })
      sent.on('error', reject)
      sent.end(text)
    })
  }

  /** What stands at `at` in the answer to a GET, which must be 200. */
  async read(path: string, at = '', accept?: string): Promise<unknown> {
    const { status, body } = await this.send({ path, ...(accept && { accept }) })
    assert.equal(status, 200, JSON.stringify(body))
    return at === '' ? body : valueAt(body, at)
  }

  /** A name that no other test has. */
  name(base: string): string {
    this.#named += 1
    return `${base}-${this.#named}`
  }

  /** A new namespace, ready for Pods where controllers run. */
  async namespace(labels: Record<string, string> = {}): Promise<string> {
    const name = this.name('conformance')
    await this.client.of(namespaces).create({ metadata: { name, labels } })
    await until(`there is a default account in ${name}`, () =>
      exists(this.client.of(serviceAccounts).get('default', { namespace: name })),
    )
    return name
  }

  /** Creates a Pod and waits until its node says that it runs. */
  async runPod(pod: Pod): Promise<DeepReadonly<Stored<Pod>>> {
    const { metadata } = await this.client.of(pods).create(pod)
    const { name, namespace } = metadata as { name: string; namespace: string }
    return until(`${name} runs`, async () => {
      const now = await this.client.of(pods).get(name, { namespace })
      return now.status?.phase === 'Running' && now
    })
  }

  async close(): Promise<void> {
    await this.transport.close()
    await this.cluster.stop()
  }
}

/** The cluster that the tests of a file share; there while they run. */
export function conformanceCluster(options: EmbeddedOptions = {}): () => Api {
  let api: Api | undefined
  before(async () => {
    api = new Api(await Cluster.start({ nodes: 0, ...options }))
  })
  after(() => api?.close())
  return () => api!
}

/** False when what is read is not there; everything else that goes wrong is thrown on. */
export async function exists(reading: Promise<unknown>): Promise<boolean> {
  try {
    await reading
    return true
  } catch (error) {
    if (isStatus(error, 'NotFound')) return false
    throw error
  }
}

/** The Status that a request must be refused with. */
export async function refusal(request: Promise<unknown>): Promise<StatusError> {
  try {
    await request
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
  return assert.fail('the request was not refused')
}

/** A watch whose events are asked for one by one. */
export class Watched<T extends KubeObject> {
  readonly #events: AsyncIterator<ApiWatchEvent>
  readonly #stop: AbortController
  readonly #resource: ResourceRef<T>

  private constructor(events: AsyncIterator<ApiWatchEvent>, stop: AbortController, resource: ResourceRef<T>) {
    this.#events = events
    this.#stop = stop
    this.#resource = resource
  }

  static async open<T extends KubeObject>(
    client: Client,
    resource: ResourceRef<T>,
    options: WatchOptions,
  ): Promise<Watched<T>> {
    const stop = new AbortController()
    const stream = await client.of(resource).watch({ ...options, signal: stop.signal })
    return new Watched(stream[Symbol.asyncIterator](), stop, resource)
  }

  /** The next event, which must be of this type. */
  async next(type: string): Promise<DeepReadonly<Stored<T>>> {
    const { value, done } = await this.#events.next()
    assert.ok(!done, `the watch of ${this.#resource.plural} ended before ${type}`)
    assert.equal(value.type, type, JSON.stringify(value.object))
    return value.object as DeepReadonly<Stored<T>>
  }

  /** The first event from here on that `wanted` accepts. */
  async until(wanted: (event: ApiWatchEvent<T>) => boolean): Promise<DeepReadonly<Stored<T>>> {
    for (;;) {
      const { value, done } = await this.#events.next()
      assert.ok(!done, `the watch of ${this.#resource.plural} ended`)
      if (wanted(value as ApiWatchEvent<T>)) return value.object as DeepReadonly<Stored<T>>
    }
  }

  stop(): void {
    this.#stop.abort()
  }
}

/** A Pod with one container that does nothing. */
export function idlePod(name: string, namespace: string, more: Partial<Pod> = {}): Pod {
  return {
    metadata: { name, namespace, ...more.metadata },
    spec: { containers: [{ name: 'main', image: 'registry.example/pause:1' }], ...more.spec },
  }
}
