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

/** A kubelet may list and watch only objects it names, one by one: that is what the node authorizer grants. */
export function createObjectCache(options: {
  client: Client
  clock: Clock
  log: Logger
  signal: AbortSignal
}): ObjectCache {
  const { client, clock, log, signal } = options
  const watched = new Map<string, Watched>()

  const open = <T extends KubeObject>(resource: ResourceRef<T>, namespace: string, name: string): Watched => {
    const stop = new AbortController()
    const fieldSelector = `metadata.name=${name}`
    const informer: Informer<KubeObject> = createInformer<KubeObject>({
      client,
      resource,
      namespace,
      fieldSelector,
      clock,
      log,
    })
    const users = new Map<string, () => void>()
    const tell = () => {
      if (informer.hasSynced) for (const changed of users.values()) changed()
    }
    informer.addHandler({ added: tell, updated: tell, deleted: tell })
    informer.run(AbortSignal.any([stop.signal, signal])).catch((error: unknown) => {
      log.error('watch of a referenced object ended', { error, namespace, name })
    })
    return { informer, stop, users }
  }

  const find = async <T extends KubeObject>(
    user: { uid: string; changed: () => void },
    resource: ResourceRef<T>,
    target: { namespace: string; name: string },
  ): Promise<DeepReadonly<T> | undefined> => {
    const { namespace, name } = target
    const key = `${resource.plural}/${namespace}/${name}`
    let entry = watched.get(key)
    if (!entry) {
      entry = open(resource, namespace, name)
      watched.set(key, entry)
    }
    entry.users.set(user.uid, user.changed)
    await entry.informer.synced
    return entry.informer.get(`${namespace}/${name}`) as DeepReadonly<T> | undefined
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
