import type { ApiResponse, Transport } from '../../client/transport.ts'
import { internalError } from '../../machinery/errors.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { type Status, StatusError } from '../../machinery/status.ts'

/** The little of the API that starting needs: each call throws a StatusError unless the server says yes. */
export class ApiObjects {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** By name; namespaced objects as `namespace/name`. */
  async list(collection: string, query: Readonly<Record<string, string>> = {}): Promise<Map<string, KubeObject>> {
    const response = await this.#transport.request({ method: 'GET', path: collection, query })
    const { items } = accepted(response) as unknown as { items: KubeObject[] }
    return new Map(items.map((item) => [keyOf(item), item]))
  }

  async get(path: string): Promise<KubeObject | undefined> {
    const response = await this.#transport.request({ method: 'GET', path })
    return response.status === 404 ? undefined : accepted(response)
  }

  async create(collection: string, object: KubeObject, fieldManager?: string): Promise<KubeObject> {
    const request = { method: 'POST', path: collection, body: object } as const
    return accepted(await this.#transport.request(fieldManager ? { ...request, query: { fieldManager } } : request))
  }

  async replace(path: string, object: KubeObject): Promise<KubeObject> {
    return accepted(await this.#transport.request({ method: 'PUT', path, body: object }))
  }

  async remove(path: string): Promise<void> {
    accepted(await this.#transport.request({ method: 'DELETE', path }))
  }
}

export function keyOf({ metadata }: KubeObject): string {
  return metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata?.name ?? '')
}

function accepted({ status, body }: ApiResponse): KubeObject {
  if (status < 400) return body as KubeObject
  if (typeof body === 'object' && body !== null) throw new StatusError(body as Status)
  throw internalError(new Error(`the server answered ${status}`))
}
