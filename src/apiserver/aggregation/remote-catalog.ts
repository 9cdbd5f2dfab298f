import { apiServices } from '../../api/types/resources.ts'
import { createWorkQueue } from '../../client/work-queue.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { AggregatedResource, RemoteVersion, RemoteVersions } from '../discovery/remote-versions.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { RemoteDocuments } from '../openapi/remote-documents.ts'
import type { OpenApiNode } from '../openapi/schemas.ts'
import type { RemoteApi } from './remote-api.ts'
import type { RemoteApis } from './remote-apis.ts'
import { fetchDocumentV2, fetchDocumentV3, fetchResources } from './remote-discovery.ts'
import { workLoop } from './work-loop.ts'

export interface RemoteCatalogOptions {
  readonly reader: ObjectReader
  readonly apis: RemoteApis
  readonly clock: Clock
  readonly log: Logger
}

/** Other servers may change what they serve at any time, and nobody says so. */
const refreshMs = 60_000
const retries = { baseDelayMs: 500, maxDelayMs: refreshMs }

interface Known {
  resources: readonly AggregatedResource[]
  freshness: RemoteVersion['freshness']
  v2: OpenApiNode | undefined
  v3: Uint8Array | undefined
}

/**
 * What the servers behind APIServices serve, and how they describe it: fetched when an APIService changes, and again
 * every minute. A server that does not answer stays in the catalogue with what it said before, marked stale.
 */
export class RemoteCatalog {
  readonly #options: RemoteCatalogOptions
  readonly #known = new Map<string, Known>()
  readonly #listeners = new Set<() => void>()

  constructor(options: RemoteCatalogOptions) {
    this.#options = options
    // The order of groups changes at once with an APIService; what stands in them, once its server was asked.
    options.apis.onChange(() => this.#changed())
  }

  readonly versions: RemoteVersions = {
    all: () => this.#options.apis.all().map((api) => this.#versionOf(api)),
    priorityOf: (group, version) => {
      const spec = this.#options.reader.get(apiServices, `${version}.${group}`)?.spec
      return spec && { group: spec.groupPriorityMinimum, version: spec.versionPriority }
    },
    onChange: (callback) => this.#onChange(callback),
  }

  readonly documents: RemoteDocuments = {
    v2: () => this.#current().flatMap(([, { v2 }]) => (v2 ? [v2] : [])),
    v3: () =>
      new Map(
        this.#current().flatMap(([{ group, version }, { v3 }]) => (v3 ? [[`apis/${group}/${version}`, v3]] : [])),
      ),
    onChange: (callback) => this.#onChange(callback),
  }

  /** Fetches until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { apis, clock, log } = this.#options
    const queue = createWorkQueue({ clock, ...retries })
    const unsubscribe = apis.onChange(queue.add)
    for (const { name } of apis.all()) queue.add(name)
    const sync = async (name: string) => {
      const api = apis.get(name)
      if (!api) {
        if (this.#known.delete(name)) this.#changed()
        return
      }
      queue.addAfter(name, refreshMs)
      await this.#refresh(api)
    }
    try {
      await workLoop({ queue, sync, log, workers: 2 }, signal)
    } finally {
      unsubscribe()
    }
  }

  async #refresh(api: RemoteApi): Promise<void> {
    const before = this.#known.get(api.name) ?? { resources: [], freshness: 'Stale', v2: undefined, v3: undefined }
    try {
      const resources = await fetchResources(api)
      const [v2, v3] = await Promise.all([fetchDocumentV2(api), fetchDocumentV3(api)])
      this.#put(api, before, { resources, freshness: 'Current', v2, v3 })
    } catch (error) {
      this.#put(api, before, { ...before, freshness: 'Stale' })
      throw error
    }
  }

  #put(api: RemoteApi, before: Known, now: Known): void {
    const isNew = !this.#known.has(api.name)
    this.#known.set(api.name, now)
    if (isNew || !isSame(before, now)) this.#changed()
  }

  #versionOf(api: RemoteApi): RemoteVersion {
    const { resources, freshness } = this.#known.get(api.name) ?? { resources: [], freshness: 'Stale' }
    return { group: api.group, version: api.version, resources, freshness }
  }

  #current(): [RemoteApi, Known][] {
    return this.#options.apis.all().flatMap((api) => {
      const known = this.#known.get(api.name)
      return known ? [[api, known]] : []
    })
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #onChange(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }
}

function isSame(left: Known, right: Known): boolean {
  const facts = ({ resources, freshness, v2 }: Known) => JSON.stringify([resources, freshness, v2])
  const bytes = ({ v3 }: Known) => v3 ?? new Uint8Array()
  return Buffer.compare(bytes(left), bytes(right)) === 0 && facts(left) === facts(right)
}
