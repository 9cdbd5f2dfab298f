import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import { endpointSlices } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { type ControllerContext, type Watch, watch } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { isNamespaceTerminating } from '../pod-control.ts'
import { managedByLabel, type SlicesPlan, serviceNameLabel } from './plan-endpoint-slices.ts'

/**
 * The EndpointSlices of one maker, by the key of their Service, with what was done to them and the cache does not show
 * yet. Slices of other makers do not count.
 */
export class ManagedSlices {
  /** Brings the keys of Services whose slices have changed. */
  readonly watch: Watch
  readonly #client: Client
  readonly #slices: Informer<EndpointSlice>
  readonly #expectations: Expectations
  readonly #index: string

  constructor({ client, informers, clock }: ControllerContext, managedBy: string) {
    const keysOf = ({ metadata }: Cached<EndpointSlice>): readonly string[] => {
      const name = metadata.labels?.[serviceNameLabel]
      if (!name || metadata.labels?.[managedByLabel] !== managedBy) return []
      return [`${metadata.namespace}/${name}`]
    }
    this.#client = client
    this.#slices = informers.informerFor(endpointSlices)
    this.#expectations = new Expectations(clock)
    this.#index = `service, by ${managedBy}`
    this.#slices.addIndex(this.#index, keysOf)
    this.watch = watch(this.#slices, ({ object, type }) => {
      const keys = keysOf(object)
      for (const key of keys) {
        if (type === 'added') this.#expectations.creationObserved(key)
        if (type === 'deleted') this.#expectations.deletionObserved(key, object.metadata.uid)
      }
      return keys
    })
  }

  /** Whether the cache shows all that was done. Where not, the event that makes it so brings the key back. */
  isCurrent(key: string): boolean {
    return this.#expectations.satisfied(key)
  }

  /** Those that stay. */
  of(key: string): readonly Cached<EndpointSlice>[] {
    return this.#slices.byIndex(this.#index, key).filter(({ metadata }) => !metadata.deletionTimestamp)
  }

  forget(key: string): void {
    this.#expectations.forget(key)
  }

  /** Throws the first failure, unless it is that the namespace goes. */
  async perform(key: string, plan: SlicesPlan): Promise<void> {
    const slices = this.#client.of(endpointSlices)
    this.#expectations.expect(key, {
      creations: plan.create.length,
      deletions: plan.delete.map(({ metadata }) => metadata?.uid ?? ''),
    })
    try {
      for (const slice of plan.create) await slices.create(slice)
      for (const slice of plan.update) await slices.update(slice)
      for (const { metadata } of plan.delete)
        await slices.delete(metadata?.name ?? '', { namespace: metadata?.namespace ?? '' })
    } catch (error) {
      // What was done will show in the cache or not: the retry must be free to look again.
      this.#expectations.forget(key)
      if (!isNamespaceTerminating(error)) throw error
    }
  }
}
