import type { ResourceRef } from '../api/resource-ref.ts'
import { apiVersionOf, type DeepReadonly, deepFreeze, type KubeObject, objectKey } from '../machinery/object.ts'
import { isStatus, type Status, StatusError } from '../machinery/status.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { type Backoff, createBackoff } from './backoff.ts'
import type { Client, ListOptions } from './client.ts'
import type { Cached, Informer, InformerHandler } from './informer.ts'
import { ObjectStore } from './object-store.ts'
import type { ApiWatchEvent } from './transport.ts'

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client
  readonly resource: ResourceRef<T>
  /** All namespaces if not given. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Forget `metadata.managedFields`, which no controller reads. Objects that arrive frozen are kept as they are. */
  readonly dropManagedFields?: boolean
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1), for jitter. */
  readonly random?: () => number
}

/** client-go asks the server to end each watch after 5 to 10 minutes, so that load spreads over servers. */
const shortestWatchSeconds = 300

/**
 * Lists, watches from the list's resourceVersion, watches again from the last one seen when the stream ends, and lists
 * again when the server no longer knows that version. Never gives up. After client-go v1.36 tools/cache reflector.go.
 */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  return new ListWatchInformer(options)
}

class ListWatchInformer<T extends KubeObject> implements Informer<T> {
  readonly #options: InformerOptions<T>
  readonly #log: Logger
  readonly #random: () => number
  readonly #backoff: Backoff
  readonly #store = new ObjectStore<T>()
  readonly #handlers = new Set<InformerHandler<T>>()
  readonly #relistCallbacks = new Set<(reason: string) => void>()
  readonly #synced = Promise.withResolvers<void>()
  /** The version to watch from; undefined when the next step is a list. */
  #resourceVersion: string | undefined
  #hasSynced = false

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#log = options.log.child({ resource: options.resource.plural })
    this.#backoff = createBackoff({ firstMs: 800, limitMs: 30_000, jitter: 1, random: this.#random })
  }

  get synced(): Promise<void> {
    return this.#synced.promise
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  get(key: string): Cached<T> | undefined {
    return this.#store.get(key)
  }

  list(): readonly Cached<T>[] {
    return this.#store.list()
  }

  byIndex(index: string, value: string): readonly Cached<T>[] {
    return this.#store.byIndex(index, value)
  }

  addIndex(name: string, values: (object: Cached<T>) => readonly string[]): void {
    this.#store.addIndex(name, values)
  }

  addHandler(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler)
    for (const object of this.#store.list()) this.#call(() => handler.added?.(object))
    return () => this.#handlers.delete(handler)
  }

  onRelist(callback: (reason: string) => void): void {
    this.#relistCallbacks.add(callback)
  }

  async run(signal: AbortSignal): Promise<void> {
    let relistReason = ''
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#replaceByList(relistReason, signal)
        await this.#watch(signal)
      } catch (error) {
        if (signal.aborted) return
        if (mustRelist(error)) {
          relistReason = error.message
          this.#resourceVersion = undefined
          if (isStatus(error, 'Expired', 'Gone')) continue
        }
        await this.#waitAfter(error, signal)
      }
    }
  }

  async #waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    const waitMs = this.#backoff.next()
    this.#log.warn('list or watch failed, trying again', { error, waitMs })
    await this.#options.clock.sleep(waitMs, signal)
  }

  async #replaceByList(reason: string, signal: AbortSignal): Promise<void> {
    if (this.#hasSynced) for (const callback of this.#relistCallbacks) callback(reason)
    // Any version will do at first; later only the newest, so that the cache never goes back in time.
    const consistency: ListOptions = this.#hasSynced ? {} : { resourceVersion: '0' }
    const { items, resourceVersion } = await this.#listAllPages({ ...this.#selection(), ...consistency, signal })
    const present = new Set<string>()
    for (const item of items) {
      const object = this.#prepare(item)
      present.add(objectKey(object))
      this.#upsert(object)
    }
    for (const key of this.#store.keys()) if (!present.has(key)) this.#remove(key)
    this.#resourceVersion = resourceVersion
    if (this.#hasSynced) return
    this.#hasSynced = true
    this.#synced.resolve()
  }

  async #listAllPages(options: ListOptions): Promise<{ items: DeepReadonly<KubeObject>[]; resourceVersion: string }> {
    const resource = this.#options.client.of(this.#options.resource)
    const items: DeepReadonly<KubeObject>[] = []
    let page = await resource.list(options)
    for (;;) {
      for (const item of page.items) items.push(item)
      const { continue: next, resourceVersion = '' } = page.metadata
      if (!next) return { items, resourceVersion }
      const { resourceVersion: _, ...rest } = options
      page = await resource.list({ ...rest, continue: next })
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs()
    const stream = await this.#options.client.of(this.#options.resource).watch({
      ...this.#selection(),
      ...(this.#resourceVersion ? { resourceVersion: this.#resourceVersion } : {}),
      allowWatchBookmarks: true,
      timeoutSeconds: Math.floor(shortestWatchSeconds * (1 + this.#random())),
      signal,
    })
    let received = 0
    for await (const event of stream) {
      if (signal.aborted) return
      this.#apply(event)
      received += 1
      if (received === 1) this.#backoff.reset()
    }
    // A server that ends every watch at once must not be asked in a tight loop.
    const lastedMs = this.#options.clock.monotonicMs() - startedMs
    if (received === 0 && lastedMs < 1000 && !signal.aborted) {
      throw new Error('very short watch: closed without a single event')
    }
  }

  #selection(): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      ...(namespace ? { namespace } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    }
  }

  #apply(event: ApiWatchEvent): void {
    if (event.type === 'ERROR') throw new StatusError(event.object as unknown as Status)
    const { resourceVersion } = event.object.metadata ?? {}
    if (event.type === 'DELETED') {
      this.#remove(objectKey(event.object), this.#prepare(event.object))
    } else if (event.type !== 'BOOKMARK') {
      this.#upsert(this.#prepare(event.object))
    }
    if (resourceVersion) this.#resourceVersion = resourceVersion
  }

  /** What a server answers for this resource is a stored object of its type: the one place that says so. */
  #prepare(item: DeepReadonly<KubeObject>): Cached<T> {
    const { metadata } = item
    if (this.#options.dropManagedFields && metadata && !Object.isFrozen(metadata)) {
      delete (metadata as { managedFields?: unknown }).managedFields
    }
    const { group, version, kind } = this.#options.resource
    if (item.kind) return deepFreeze(item) as Cached<T>
    // Items of a JSON list carry neither kind nor apiVersion.
    const apiVersion = apiVersionOf({ group, version })
    return deepFreeze({ apiVersion, kind, ...item }) as unknown as Cached<T>
  }

  #upsert(object: Cached<T>): void {
    const previous = this.#store.put(object)
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return
    for (const handler of this.#handlers) {
      this.#call(() => (previous ? handler.updated?.(object, previous) : handler.added?.(object)))
    }
  }

  #remove(key: string, last?: Cached<T>): void {
    const previous = this.#store.remove(key)
    if (!previous) return
    for (const handler of this.#handlers) this.#call(() => handler.deleted?.(last ?? previous))
  }

  /** A handler that throws is a mistake in the handler: it must not cost the others their event. */
  #call(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      this.#log.error('informer handler failed', { error })
    }
  }
}

/** An answer of the server means that it does not serve this version; a broken connection says nothing about it. */
function mustRelist(error: unknown): error is StatusError {
  return error instanceof StatusError && !isStatus(error, 'TooManyRequests', 'ServiceUnavailable')
}
