import { randomInt } from 'node:crypto'
import { builtInResources } from '../../src/api/all.ts'
import type { ResourceDefinition } from '../../src/api/resource-definition.ts'
import { createLoopbackTransport } from '../../src/apiserver/loopback.ts'
import { createRegistry } from '../../src/apiserver/registry.ts'
import type { Handler } from '../../src/apiserver/request.ts'
import { parseRequestInfo } from '../../src/apiserver/request-info.ts'
import { createRestHandler } from '../../src/apiserver/rest/handler.ts'
import { createServerFields } from '../../src/apiserver/rest/server-fields/all.ts'
import { createBookmarkTicker } from '../../src/apiserver/watch-cache/bookmark-ticker.ts'
import { createObjectReader } from '../../src/apiserver/watch-cache/object-reader.ts'
import type { ApiResponse, Transport } from '../../src/client/transport.ts'
import { type Clock, systemClock } from '../../src/platform/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from './memory-store.ts'

const admin = { name: 'admin', groups: ['system:masters'], extra: {} }

export interface RestServer {
  readonly store: Store
  readonly handler: Handler
  readonly transport: Transport
  /** One request with a body, as kubectl would send it; patches name their content type. */
  send(method: string, pathAndQuery: string, body?: unknown, contentType?: string): Promise<ApiResponse>
}

export interface RestServerOptions {
  readonly clock?: Clock
  readonly definitions?: readonly ResourceDefinition[]
}

/** The REST layer alone over a store in memory: no authentication, no authorization, no admission. */
export function createRestServer({
  clock = systemClock,
  definitions = builtInResources,
}: RestServerOptions = {}): RestServer {
  const store = createMemoryStore(clock)
  const registry = createRegistry(definitions)
  const random = (limit: number) => randomInt(limit)
  const rest = createRestHandler({
    registry,
    store,
    clock,
    admission: { mutate: async () => {}, validate: async () => {} },
    bookmarks: createBookmarkTicker(clock),
    minWatchSeconds: 1_800,
    authorizeCreate: async () => {},
    serverFields: createServerFields({
      store,
      registry,
      reader: createObjectReader({ store, registry }),
      clock,
      serviceCidr: '10.0.0.0/16',
      random,
    }),
    random,
    subresourceHandlers: {},
  })
  const handler: Handler = (context) => {
    context.info = parseRequestInfo(context.method, context.path, context.query)
    return rest(context)
  }
  const transport = createLoopbackTransport({ handler, identity: admin, clock })
  return {
    store,
    handler,
    transport,
    send(method, pathAndQuery, body, contentType) {
      const [path, query = ''] = pathAndQuery.split('?')
      return transport.request({
        method: method as 'GET',
        path: path!,
        query: Object.fromEntries(new URLSearchParams(query)),
        body,
        ...(contentType ? { contentType } : {}),
      })
    },
  }
}
