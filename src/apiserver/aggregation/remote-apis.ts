import type { APIService } from '../../api/types/apiregistration/v1.ts'
import { apiServices } from '../../api/types/resources.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { RequestInfo } from '../request.ts'
import { RemoteApi, type RemoteApiOptions } from './remote-api.ts'

/** The APIServices that name a Service, followed in the watch cache. */
export class RemoteApis {
  readonly #byGroupVersion = new Map<string, RemoteApi>()
  readonly #listeners = new Set<(name: string) => void>()
  readonly #options: RemoteApiOptions
  readonly #unsubscribe: () => void

  constructor(reader: ObjectReader, options: RemoteApiOptions) {
    this.#options = options
    this.#unsubscribe = reader.onChange(apiServices, ({ object, previous }) => {
      this.#follow((object ?? previous)!, object !== undefined)
    })
    for (const apiService of reader.list(apiServices)) this.#follow(apiService, true)
  }

  /** The one that answers a request; undefined when this server does. */
  serving({ isResourceRequest, group, version, path }: RequestInfo): RemoteApi | undefined {
    if (this.#byGroupVersion.size === 0) return undefined
    if (isResourceRequest) return this.#byGroupVersion.get(`${group}/${version}`)
    const [, root, pathGroup, pathVersion, ...rest] = path.split('/')
    const below = rest.filter((part) => part !== '')
    if (root !== 'apis' || !pathVersion || below.length > 0) return undefined
    return this.#byGroupVersion.get(`${pathGroup}/${pathVersion}`)
  }

  has(group: string, version: string): boolean {
    return this.#byGroupVersion.has(`${group}/${version}`)
  }

  get(name: string): RemoteApi | undefined {
    const dot = name.indexOf('.')
    return this.#byGroupVersion.get(`${name.slice(dot + 1)}/${name.slice(0, dot)}`)
  }

  all(): RemoteApi[] {
    return [...this.#byGroupVersion.values()]
  }

  /** Called with the name of an APIService that has come, changed or gone, this server's own included. */
  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#unsubscribe()
    for (const api of this.#byGroupVersion.values()) api.close()
    this.#byGroupVersion.clear()
  }

  #follow(apiService: Held<APIService>, isThere: boolean): void {
    const { group = '', version = '', service } = apiService.spec ?? {}
    const key = `${group}/${version}`
    const known = this.#byGroupVersion.get(key)
    if (!isThere || !service) {
      known?.close()
      this.#byGroupVersion.delete(key)
    } else if (!known?.follow(apiService)) {
      known?.close()
      this.#byGroupVersion.set(key, new RemoteApi(apiService, this.#options))
    }
    for (const listener of this.#listeners) listener(apiService.metadata.name)
  }
}
