import type { Endpoints, Service } from '../../api/types/core/v1.ts'
import { endpoints, services } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { objectKey } from '../../machinery/object.ts'
import { type Controller, type ControllerContext, type ControllerInstance, watch } from '../controller.ts'
import { ManagedSlices } from './managed-slices.ts'
import { type MirrorPlan, maxAddresses, mirroredBy, planMirroredSlices } from './plan-mirrored-slices.ts'

const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'

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
  readonly #slices: ManagedSlices

  constructor(context: ControllerContext) {
    this.#context = context
    this.#services = context.informers.informerFor(services)
    this.#endpoints = context.informers.informerFor(endpoints)
    this.#slices = new ManagedSlices(context, mirroredBy)
    this.watches = [
      watch(this.#services, ({ object }) => [objectKey(object)]),
      watch(this.#endpoints, ({ object }) => [objectKey(object)]),
      this.#slices.watch,
    ]
  }

  async reconcile(key: string): Promise<undefined> {
    if (!this.#slices.isCurrent(key)) return undefined
    const found = this.#endpoints.get(key)
    const existing = this.#slices.of(key)
    if (!found || !this.#isMirrored(key, found)) {
      await this.#slices.perform(key, { create: [], update: [], delete: [...existing] })
      return undefined
    }
    const plan = planMirroredSlices(found, existing)
    this.#tellOfSkipped(found, plan)
    await this.#slices.perform(key, plan)
    return undefined
  }

  /** Endpoints without a selector's Pods behind them, unless they hold a leader election or ask to be left out. */
  #isMirrored(key: string, { metadata }: Cached<Endpoints>): boolean {
    const service = this.#services.get(key)
    if (!service || service.spec?.selector) return false
    return metadata.labels?.[skipLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined
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
}
