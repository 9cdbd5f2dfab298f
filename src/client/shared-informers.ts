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
  /** Runs every informer, those asked for later too, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

export interface SharedInformersOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
}

export function createSharedInformers({ client, clock, log }: SharedInformersOptions): SharedInformers {
  const informers = new Map<string, Informer<KubeObject>>()
  const running = new Set<Promise<void>>()
  let startOne: ((informer: Informer<KubeObject>) => void) | undefined
  return {
    informerFor<T extends KubeObject>(resource: ResourceRef<T>, selection: Selection = {}): Informer<T> {
      const { group, version, plural } = resource
      const key = JSON.stringify([
        group,
        version,
        plural,
        selection.namespace,
        selection.labelSelector,
        selection.fieldSelector,
      ])
      const existing = informers.get(key)
      if (existing) return existing as unknown as Informer<T>
      const options: InformerOptions<T> = { client, resource, clock, log, dropManagedFields: true, ...selection }
      const informer = createInformer(options)
      informers.set(key, informer as unknown as Informer<KubeObject>)
      startOne?.(informer as unknown as Informer<KubeObject>)
      return informer
    },
    async run(signal) {
      startOne = (informer) => running.add(informer.run(signal))
      for (const informer of informers.values()) startOne(informer)
      await untilAborted(signal)
      startOne = undefined
      await Promise.all(running)
    },
  }
}
