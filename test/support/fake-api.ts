import type { ApiRequest, ApiResponse, ApiWatchEvent, Transport, WatchRequest } from '../../src/client/transport.ts'
import { deepFreeze, type KubeObject } from '../../src/machinery/object.ts'

type Json = Record<string, unknown>
type Stored = KubeObject & { metadata: NonNullable<KubeObject['metadata']>; spec?: Json; status?: Json }

interface Watcher {
  readonly matches: (path: string, object: Stored) => boolean
  readonly push: (event: ApiWatchEvent) => void
}

/**
 * An API of plain objects by path, for tests of a component alone: no validation, no defaults, and of the rules only
 * those that a node sees (names, resource versions, watches by field, graceful deletion of Pods, tokens).
 */
export class FakeApi implements Transport {
  readonly #objects = new Map<string, Stored>()
  readonly #watchers = new Set<Watcher>()
  #revision = 1

  async request({ method, path, query = {}, body }: ApiRequest): Promise<ApiResponse> {
    if (path.endsWith('/token')) return ok(tokenAnswer(body as Json))
    const target = path.replace(/\/status$/, '')
    if (method === 'POST') return this.#create(target, structuredClone(body) as Stored)
    if (method === 'GET') return isCollection(target) ? this.#list(target, query) : this.#get(target)
    if (method === 'PATCH') return this.#patch(target, body as Json)
    if (method === 'DELETE') return this.#delete(target, (body ?? {}) as Json)
    return this.#put(target, structuredClone(body) as Stored)
  }

  async watch({ path, query = {}, signal }: WatchRequest): Promise<AsyncIterable<ApiWatchEvent>> {
    const queue: ApiWatchEvent[] = []
    let wake = () => {}
    const watcher: Watcher = {
      matches: (objectPath, object) => isWithin(objectPath, path) && selects(object, query.fieldSelector),
      push: (event) => {
        queue.push(event)
        wake()
      },
    }
    const watchers = this.#watchers
    watchers.add(watcher)
    const end = () => wake()
    signal?.addEventListener('abort', end, { once: true })
    async function* events() {
      try {
        while (!signal?.aborted) {
          const event = queue.shift()
          if (event) yield event
          else await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        watchers.delete(watcher)
      }
    }
    return events()
  }

  async close(): Promise<void> {}

  /** The object at a path, such as `/api/v1/namespaces/default/pods/web`. */
  at<T extends KubeObject>(path: string): T | undefined {
    return this.#objects.get(path) as T | undefined
  }

  /** Every object whose path begins so. */
  below<T extends KubeObject>(path: string): T[] {
    return [...this.#objects].filter(([key]) => isWithin(key, path)).map(([, object]) => object as T)
  }

  #create(collection: string, object: Stored): ApiResponse {
    const path = `${collection}/${object.metadata.name}`
    if (this.#objects.has(path)) return failure(409, 'AlreadyExists')
    const { namespace } = /\/namespaces\/(?<namespace>[^/]+)\//.exec(path)?.groups ?? {}
    Object.assign(object.metadata, {
      uid: object.metadata.uid ?? crypto.randomUUID(),
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(namespace ? { namespace } : {}),
    })
    return this.#store(path, object, 'ADDED')
  }

  #put(path: string, object: Stored): ApiResponse {
    return this.#objects.has(path) ? this.#store(path, object, 'MODIFIED') : failure(404, 'NotFound')
  }

  #get(path: string): ApiResponse {
    const object = this.#objects.get(path)
    return object ? ok(object) : failure(404, 'NotFound')
  }

  #list(collection: string, query: Readonly<Record<string, string>>): ApiResponse {
    const items = [...this.#objects]
      .filter(([path, object]) => isWithin(path, collection) && selects(object, query.fieldSelector))
      .map(([, object]) => object)
    return ok({ metadata: { resourceVersion: String(this.#revision) }, items })
  }

  #patch(path: string, patch: Json): ApiResponse {
    const object = this.#objects.get(path)
    if (!object) return failure(404, 'NotFound')
    const { uid } = (patch.metadata ?? {}) as { uid?: string }
    if (uid && uid !== object.metadata.uid) return failure(409, 'Conflict')
    return this.#store(path, merge(object as unknown as Json, patch) as unknown as Stored, 'MODIFIED')
  }

  /** A Pod on a node goes in two steps: marked first, gone when its kubelet deletes it without grace. */
  #delete(path: string, options: Json): ApiResponse {
    const object = this.#objects.get(path)
    if (!object) return failure(404, 'NotFound')
    const grace = (options.gracePeriodSeconds ?? object.spec?.terminationGracePeriodSeconds ?? 30) as number
    if (path.includes('/pods/') && grace > 0) {
      const metadata = {
        ...object.metadata,
        deletionTimestamp: '2026-01-01T00:00:00Z',
        deletionGracePeriodSeconds: grace,
      }
      return this.#store(path, { ...object, metadata }, 'MODIFIED')
    }
    this.#objects.delete(path)
    this.#tell(path, object, 'DELETED')
    return ok(object)
  }

  #store(path: string, object: Stored, type: 'ADDED' | 'MODIFIED'): ApiResponse {
    this.#revision += 1
    const next = structuredClone(object)
    next.metadata.resourceVersion = String(this.#revision)
    deepFreeze(next)
    this.#objects.set(path, next)
    this.#tell(path, next, type)
    return ok(next)
  }

  #tell(path: string, object: Stored, type: 'ADDED' | 'MODIFIED' | 'DELETED'): void {
    for (const watcher of this.#watchers) if (watcher.matches(path, object)) watcher.push({ type, object })
  }
}

const ok = (body: unknown): ApiResponse => ({ status: 200, body, warnings: [] })

const failure = (code: number, reason: string): ApiResponse => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code, message: reason },
  warnings: [],
})

/** `/api/v1/pods`, `/api/v1/namespaces/x/pods`: an even number of parts names a collection. */
function isCollection(path: string): boolean {
  const parts = path.split('/').slice(path.startsWith('/api/') ? 3 : 4)
  return parts.length % 2 === 1
}

function isWithin(path: string, collection: string): boolean {
  if (path.startsWith(`${collection}/`)) return true
  const resource = collection.split('/').at(-1)
  const root = collection.slice(0, collection.lastIndexOf('/'))
  return path.startsWith(`${root}/namespaces/`) && path.split('/').at(-2) === resource
}

function selects(object: Stored, fieldSelector = ''): boolean {
  const [field, value] = fieldSelector.split('=')
  if (field === 'metadata.name') return object.metadata.name === value
  return field === 'spec.nodeName' ? object.spec?.nodeName === value : true
}

/** Merge patch, with the two strategic rules that a status needs: conditions by type, and `$patch: replace`. */
function merge(target: Json, patch: Json): Json {
  const result: Json = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else if (key === 'conditions') result[key] = mergeConditions((target[key] ?? []) as Json[], value as Json[])
    else if (Array.isArray(value)) result[key] = value.filter((item) => !(item as Json)?.$patch)
    else if (typeof value === 'object') result[key] = merge((target[key] ?? {}) as Json, value as Json)
    else result[key] = value
  }
  return result
}

function mergeConditions(old: Json[], patch: Json[]): Json[] {
  const rest = old.filter(({ type }) => !patch.some((one) => one.type === type))
  return [...rest, ...patch.map((one) => merge(old.find(({ type }) => type === one.type) ?? {}, one))]
}

function tokenAnswer(request: Json): Json {
  return { ...request, status: { token: 'a-token', expirationTimestamp: '2100-01-01T00:00:00Z' } }
}
