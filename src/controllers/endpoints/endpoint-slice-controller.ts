import type { Node, Pod, Service } from '../../api/types/core/v1.ts'
import { nodes, pods, services } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  watch,
} from '../controller.ts'
import { messageOf } from '../pod-control.ts'
import { ManagedSlices } from './managed-slices.ts'
import { managedBy, planEndpointSlices, type SlicesPlan } from './plan-endpoint-slices.ts'
import { podsOfService, selectsPods, servicesOfPodEvent } from './service-pods.ts'
import { TriggerTimes } from './trigger-times.ts'

/** Shows the Pods of each Service in EndpointSlices. After pkg/controller/endpointslice. */
export const endpointSlice: Controller = {
  name: 'endpointslice-controller',
  serviceAccount: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  create: (context) => new EndpointSliceController(context),
}

class EndpointSliceController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #slices: ManagedSlices
  readonly #nodes: Informer<Node>
  readonly #triggerTimes = new TriggerTimes()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#services = context.informers.informerFor(services)
    this.#pods = context.informers.informerFor(pods)
    this.#nodes = context.informers.informerFor(nodes)
    this.#slices = new ManagedSlices(context, managedBy)
    this.watches = [
      watch(this.#services, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => servicesOfPodEvent(this.#services, event)),
      this.#slices.watch,
      watch(this.#nodes, () => []),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const service = this.#services.get(key)
    if (!service) {
      this.#triggerTimes.forget(key)
      this.#slices.forget(key)
      return undefined
    }
    if (!selectsPods(service) || service.metadata.deletionTimestamp) return undefined
    if (!this.#slices.isCurrent(key)) return undefined
    const chosen = podsOfService(this.#pods, service)
    const plan = planEndpointSlices({
      service,
      pods: chosen,
      nodeNamed: (name) => this.#nodes.get(name),
      existing: this.#slices.of(key),
      triggeredMs: this.#triggerTimes.next(key, service, chosen),
    })
    await this.#perform(key, service, plan)
    return undefined
  }

  async #perform(key: string, service: Cached<Service>, plan: SlicesPlan): Promise<void> {
    try {
      await this.#slices.perform(key, plan)
    } catch (error) {
      if (!isStatus(error, 'Conflict', 'NotFound')) {
        const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`
        this.#context.events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message)
      }
      throw error
    }
  }
}
