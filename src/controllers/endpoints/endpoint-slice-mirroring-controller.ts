import type { Endpoints, Service } from '../../api/types/core/v1.ts'
import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import { endpointSlices, endpoints, services } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { objectKey } from '../../machinery/object.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { isNamespaceTerminating } from '../pod-control.ts'
import { managedByLabel, type SlicesPlan, serviceNameLabel } from './plan-endpoint-slices.ts'
import { type MirrorPlan, maxAddresses, mirroredBy, planMirroredSlices } from './plan-mirrored-slices.ts'

const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const byService = 'mirroredService'

/** Shows Endpoints that people write as EndpointSlices. After pkg/controller/endpointslicemirroring v1.36. */
export const endpointSliceMirroring: Controller = {
  name: 'endpointslice-mirroring-controller',
  serviceAccount: 'endpointslicemirroring-controller',
  eventSource: 'endpoint-slice-mirroring-controller',
  create: (context) => new EndpointSliceMirroringController(context),
}

class EndpointSliceMirroringController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #services: Informer<Service>
  readonly #endpoints: Informer<Endpoints>
  readonly #slices: Informer<EndpointSlice>
  readonly #expectations: Expectations

  constructor(context: ControllerContext) {
    this.#context = context
    this.#services = context.informers.informerFor(services)
    this.#endpoints = context.informers.informerFor(endpoints)
    this.#slices = context.informers.informerFor(endpointSlices)
    this.#slices.addIndex(byService, mirroredServices)
    this.#expectations = new Expectations(context.clock)
    this.watches = [
      watch(this.#services, ({ object }) => [objectKey(object)]),
      watch(this.#endpoints, ({ object }) => [objectKey(object)]),
      watch(this.#slices, (event) => this.#observeSlice(event)),
    ]
  }

  async reconcile(key: string): Promise<undefined> {
    // The event that satisfies them brings the key back.
    if (!this.#expectations.satisfied(key)) return undefined
    const found = this.#endpoints.get(key)
    const existing = this.#slices.byIndex(byService, key).filter(({ metadata }) => !metadata.deletionTimestamp)
    if (!found || !this.#isMirrored(key, found)) {
      await this.#perform(key, { create: [], update: [], delete: existing })
      return undefined
    }
    const plan = planMirroredSlices(found, existing)
    this.#tellOfSkipped(found, plan)
    await this.#perform(key, plan)
    return undefined
  }

  /** Endpoints without a selector's Pods behind them, unless they hold a leader election or ask to be left out. */
  #isMirrored(key: string, { metadata }: Cached<Endpoints>): boolean {
    const service = this.#services.get(key)
    if (!service || service.spec?.selector) return false
    return metadata.labels?.[skipLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined
  }

  #observeSlice({ object, type }: WatchEvent<EndpointSlice>): readonly string[] {
    const keys = mirroredServices(object)
    for (const key of keys) {
      if (type === 'added') this.#expectations.creationObserved(key)
      if (type === 'deleted') this.#expectations.deletionObserved(key, object.metadata.uid)
    }
    return keys
  }

  #tellOfSkipped(found: Cached<Endpoints>, { invalidAddresses, skippedAddresses }: MirrorPlan): void {
    const { events } = this.#context
    const tell = (reason: string, message: string) => events.event(found, 'Warning', reason, message)
    if (invalidAddresses > 0)
      tell('InvalidIPAddress', `Skipped ${invalidAddresses} invalid IP addresses when mirroring to EndpointSlices`)
    if (skippedAddresses === 0) return
    const most = `A max of ${maxAddresses} addresses can be mirrored to EndpointSlices per Endpoints subset`
    tell('TooManyAddressesToMirror', `${most}. ${skippedAddresses + invalidAddresses} addresses were skipped`)
  }

  async #perform(key: string, plan: SlicesPlan): Promise<void> {
    const slices = this.#context.client.of(endpointSlices)
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

function mirroredServices({ metadata }: Cached<EndpointSlice>): readonly string[] {
  const name = metadata.labels?.[serviceNameLabel]
  if (!name || metadata.labels?.[managedByLabel] !== mirroredBy) return []
  return [`${metadata.namespace}/${name}`]
}
