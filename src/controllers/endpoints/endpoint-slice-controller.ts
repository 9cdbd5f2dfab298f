import type { Node, Pod, Service } from '../../api/types/core/v1.ts'
import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import { endpointSlices, nodes, pods, services } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { isNamespaceTerminating, messageOf } from '../pod-control.ts'
import {
  managedBy,
  managedByLabel,
  planEndpointSlices,
  type SlicesPlan,
  serviceNameLabel,
} from './plan-endpoint-slices.ts'
import { podsOfService, selectsPods, servicesOfPodEvent } from './service-pods.ts'
import { TriggerTimes } from './trigger-times.ts'

/** Shows the Pods of each Service in EndpointSlices. After pkg/controller/endpointslice. */
export const endpointSlice: Controller = {
  name: 'endpointslice-controller',
  serviceAccount: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  create: (context) => new EndpointSliceController(context),
}

/** The slices' index by the key of their Service. */
const byService = 'service'

class EndpointSliceController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #slices: Informer<EndpointSlice>
  readonly #nodes: Informer<Node>
  readonly #expectations: Expectations
  readonly #triggerTimes = new TriggerTimes()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#services = context.informers.informerFor(services)
    this.#pods = context.informers.informerFor(pods)
    this.#nodes = context.informers.informerFor(nodes)
    this.#slices = context.informers.informerFor(endpointSlices)
    this.#slices.addIndex(byService, serviceKeys)
    this.#expectations = new Expectations(context.clock)
    this.watches = [
      watch(this.#services, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => servicesOfPodEvent(this.#services, event)),
      watch(this.#slices, (event) => this.#observeSlice(event)),
      watch(this.#nodes, () => []),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const service = this.#services.get(key)
    if (!service) {
      this.#triggerTimes.forget(key)
      this.#expectations.forget(key)
      return undefined
    }
    if (!selectsPods(service) || service.metadata.deletionTimestamp) return undefined
    // The event that satisfies them brings the key back.
    if (!this.#expectations.satisfied(key)) return undefined
    const chosen = podsOfService(this.#pods, service)
    const plan = planEndpointSlices({
      service,
      pods: chosen,
      nodeNamed: (name) => this.#nodes.get(name),
      existing: this.#slices.byIndex(byService, key).filter(({ metadata }) => !metadata.deletionTimestamp),
      triggeredMs: this.#triggerTimes.next(key, service, chosen),
    })
    await this.#perform(key, service, plan)
    return undefined
  }

  #observeSlice({ object, type }: WatchEvent<EndpointSlice>): readonly string[] {
    const keys = serviceKeys(object)
    for (const key of keys) {
      if (type === 'added') this.#expectations.creationObserved(key)
      if (type === 'deleted') this.#expectations.deletionObserved(key, object.metadata.uid)
    }
    return keys
  }

  async #perform(key: string, service: Cached<Service>, plan: SlicesPlan): Promise<void> {
    const slices = this.#context.client.of(endpointSlices)
    const namespace = service.metadata.namespace ?? ''
    this.#expectations.expect(key, {
      creations: plan.create.length,
      deletions: plan.delete.map(({ metadata }) => metadata?.uid ?? ''),
    })
    try {
      for (const slice of plan.create) await slices.create(slice)
      for (const slice of plan.update) await slices.update(slice)
      for (const { metadata } of plan.delete) await slices.delete(metadata?.name ?? '', { namespace })
    } catch (error) {
      // What was done will show in the cache or not: the retry must be free to look again.
      this.#expectations.forget(key)
      if (isNamespaceTerminating(error)) return
      if (!isStatus(error, 'Conflict', 'NotFound')) {
        const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`
        this.#context.events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message)
      }
      throw error
    }
  }
}

/** Slices of other makers do not count. */
function serviceKeys({ metadata }: Cached<EndpointSlice>): readonly string[] {
  const name = metadata.labels?.[serviceNameLabel]
  if (!name || metadata.labels?.[managedByLabel] !== managedBy) return []
  return [`${metadata.namespace}/${name}`]
}
