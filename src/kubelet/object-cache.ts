import type { ResourceRef } from '../api/resource-ref.ts'
import type { ConfigMap, Secret } from '../api/types/core/v1.ts'
import { configMaps, secrets } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { Informer } from '../client/informer.ts'
import { createInformer } from '../client/informers.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { ReferencedObjects } from './containers/environment.ts'

/** ConfigMaps and Secrets that Pods of this node refer to: each is watched once, for as long as a Pod needs it. */
export interface ObjectCache {
  /** Lookups on behalf of the Pod with this uid; `changed` is called when one of its objects changes later. */
  forPod(uid: string, changed: () => void): ReferencedObjects
  /** The Pod needs nothing any more. */
  release(uid: string): void
}

interface Watched {
  readonly informer: Informer<KubeObject>
  readonly stop: AbortController
  readonly users: Map<string, () => void>
}

/** Upstream waits so long for the first answer, then tries again: kubelet v1.36 util/manager watch_based_manager.go. */
const patienceMs = 1_000

interface Target {
  readonly namespace: string
  readonly name: string
}

interface ObjectCacheOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A kubelet may list and watch only objects it names, one by one: that is what the node authorizer grants. */
export function createObjectCache(options: ObjectCacheOptions): ObjectCache {
  const watched = new Map<string, Watched>()

  const find = async <T extends KubeObject>(
    user: { uid: string; changed: () => void },
    resource: ResourceRef<T>,
    target: Target,
  ): Promise<DeepReadonly<T> | undefined> => {
    const objectName = `${target.namespace}/${target.name}`
    const key = `${resource.plural}/${objectName}`
    const entry = watched.get(key) ?? open(options, resource, target)
    watched.set(key, entry)
    entry.users.set(user.uid, user.changed)
    if (!entry.informer.hasSynced) await untilSynced(options, entry, resource.kind)
    return entry.informer.get(objectName) as DeepReadonly<T> | undefined
  }

  return {
    forPod: (uid, changed) => ({
      configMap: (namespace, name) => find<ConfigMap>({ uid, changed }, configMaps, { namespace, name }),
      secret: (namespace, name) => find<Secret>({ uid, changed }, secrets, { namespace, name }),
    }),
    release(uid) {
      for (const [key, entry] of watched) {
        if (!entry.users.delete(uid) || entry.users.size > 0) continue
        entry.stop.abort()
        watched.delete(key)
      }
    },
  }
}

/** Throws when there is no answer in time, or the kubelet is to end: a Pod must not hang on a server that is away. */
async function untilSynced({ clock, signal }: ObjectCacheOptions, { informer }: Watched, kind: string): Promise<void> {
  const waiting = new AbortController()
  const patience = clock.sleep(patienceMs, AbortSignal.any([waiting.signal, signal]))
  await Promise.race([informer.synced, patience])
  waiting.abort()
  if (informer.hasSynced) return
  throw new Error(`failed to sync ${kind.toLowerCase()} cache: timed out waiting for the condition`)
}

/** Begins to watch one object. */
function open(
  { client, clock, log, signal }: ObjectCacheOptions,
  resource: ResourceRef<KubeObject>,
  { namespace, name }: Target,
): Watched {
  const stop = new AbortController()
  const users = new Map<string, () => void>()
  const fieldSelector = `metadata.name=${name}`
  const informer = createInformer<KubeObject>({ client, resource, namespace, fieldSelector, clock, log })
  const tell = () => {
    if (informer.hasSynced) for (const changed of users.values()) changed()
  }
  informer.addHandler({ added: tell, updated: tell, deleted: tell })
  informer.run(AbortSignal.any([stop.signal, signal])).catch((error: unknown) => {
    log.error('watch of a referenced object ended', { error, namespace, name })
  })
  return { informer, stop, users }
}
