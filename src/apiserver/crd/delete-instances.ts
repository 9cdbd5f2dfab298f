import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { resourcePath } from '../../api/resource-ref.ts'
import type { Transport } from '../../client/transport.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import { prefixEnd, type Store } from '../../store/store.ts'
import { createLoopbackTransport } from '../loopback.ts'
import { ownIdentity } from '../own-identity.ts'
import { createRegistry } from '../registry.ts'
import { parseRequestInfo } from '../request-info.ts'
import { createRestHandler } from '../rest/handler.ts'
import { collectionPrefix, type RestServices } from '../rest/resource-request.ts'
import type { InstancesLeft } from './controllers/finalizer.ts'

/** How long objects may take to go, with all that their finalizers wait for, before it is tried again. */
const patienceMs = 60_000

/**
 * Deletes all objects of a custom resource and waits until they are gone. No admission: a webhook that went with its
 * operator must not keep the definition for ever. After controller/finalizer crd_finalizer.go deleteInstances v1.36.
 */
export async function deleteInstances(
  stored: ResourceDefinition,
  services: RestServices,
  signal: AbortSignal,
): Promise<InstancesLeft | undefined> {
  const transport = transportTo(stored, services)
  const prefix = collectionPrefix(stored, '')
  const failures: string[] = []
  for (const namespace of namespacesOf(stored, services.store)) {
    const { status, body } = await transport.request({ method: 'DELETE', path: resourcePath(stored, { namespace }) })
    if (status >= 400) failures.push((body as { message?: string }).message ?? String(status))
  }
  if (failures.length > 0) {
    const message = `could not issue all deletes: ${aggregateMessage(failures)}`
    return { reason: 'InstanceDeletionFailed', message }
  }
  if (await isEmptied(prefix, services, signal)) return undefined
  const message = 'could not confirm zero CustomResources remaining: context deadline exceeded'
  return { reason: 'InstanceDeletionCheck', message }
}

/** The handlers themselves, over a registry of their own: the version that objects are stored in may not be served. */
function transportTo(stored: ResourceDefinition, services: RestServices): Transport {
  const rest = createRestHandler({
    ...services,
    registry: createRegistry([stored]),
    admission: { mutate: async () => {}, validate: async () => {} },
    subresourceHandlers: {},
  })
  return createLoopbackTransport({
    handler(context) {
      context.info = parseRequestInfo(context.method, context.path, context.query)
      return rest(context)
    },
    identity: ownIdentity,
    clock: services.clock,
  })
}

/** Of the objects there are; one empty name for a resource without namespaces. */
function namespacesOf({ namespaced, ...rest }: ResourceDefinition, store: Store): Iterable<string> {
  const prefix = collectionPrefix({ namespaced, ...rest }, '')
  const namespaces = new Set<string>()
  for (const { key } of store.snapshot().range(prefix, prefixEnd(prefix))) {
    namespaces.add(namespaced ? key.slice(prefix.length).split('/', 1)[0]! : '')
  }
  return namespaces
}

/** False when objects are left after a minute, or `signal` aborts. */
function isEmptied(
  prefix: string,
  { store, clock }: { store: Store; clock: Clock },
  signal: AbortSignal,
): Promise<boolean> {
  const isEmpty = () => store.snapshot().count(prefix, prefixEnd(prefix)) === 0
  if (isEmpty()) return Promise.resolve(true)
  return new Promise((resolve, reject) => {
    const finish = (emptied: boolean) => {
      if (watch.ok) watch.cancel()
      timer.cancel()
      signal.removeEventListener('abort', giveUp)
      resolve(emptied)
    }
    const giveUp = () => finish(false)
    signal.addEventListener('abort', giveUp, { once: true })
    const timer = clock.setTimer(patienceMs, () => finish(isEmpty())).unref()
    const watch = store.watch({
      prefix,
      after: store.revision,
      onChanges: () => {
        if (isEmpty()) finish(true)
      },
      onEnd: giveUp,
    })
    if (!watch.ok) reject(new StatusError({ code: 500, message: 'the store lost its present revision' }))
  })
}
