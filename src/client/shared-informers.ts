import type { ResourceRef } from '../api/resource-ref.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { untilAborted } from '../platform/until-aborted.ts'
import type { Client } from './client.ts'
import type { Informer } from './informer.ts'
import { createInformer, type InformerOptions } from './informers.ts'

export interface Selection {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** One informer for each resource and selection, however many ask for it. After client-go informers factory.go. */
export interface SharedInformers {
  informerFor<T extends KubeObject>(resource: ResourceRef<T>, selection?: Selection): Informer<T>
  /** Ends the informers of a kind that is no longer served. Who asks for them later gets new ones. */
  drop(resource: ResourceRef): void
  /** Runs every informer, those asked for later too, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

export interface SharedInformersOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
}

interface SharedInformer {
  readonly informer: Informer<KubeObject>
  readonly resource: readonly string[]
  readonly stopping: AbortController
}

const nameOf = ({ group, version, plural }: ResourceRef) => [group, version, plural]

export function createSharedInformers({ client, clock, log }: SharedInformersOptions): SharedInformers {
  const shared = new Map<string, SharedInformer>()
  const running = new Set<Promise<void>>()
  let startOne: ((one: SharedInformer) => void) | undefined
  return {
    informerFor<T extends KubeObject>(resource: ResourceRef<T>, selection: Selection = {}): Informer<T> {
      const { namespace, labelSelector, fieldSelector } = selection
      const key = JSON.stringify([...nameOf(resource), namespace, labelSelector, fieldSelector])
      const existing = shared.get(key)
      if (existing) return existing.informer as unknown as Informer<T>
      const options: InformerOptions<T> = { client, resource, clock, log, dropManagedFields: true, ...selection }
      const informer = createInformer(options)
      const one = {
        informer: informer as unknown as Informer<KubeObject>,
        resource: nameOf(resource),
        stopping: new AbortController(),
      }
      shared.set(key, one)
      startOne?.(one)
      return informer
    },
    drop(resource) {
      const name = nameOf(resource).join()
      for (const [key, one] of shared) {
        if (one.resource.join() !== name) continue
        shared.delete(key)
        one.stopping.abort()
      }
    },
    async run(signal) {
      startOne = ({ informer, stopping }) => {
        const run = informer.run(AbortSignal.any([signal, stopping.signal])).finally(() => running.delete(run))
        running.add(run)
      }
      for (const one of shared.values()) startOne(one)
      await untilAborted(signal)
      startOne = undefined
      await Promise.all(running)
    },
  }
}
