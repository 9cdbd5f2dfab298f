import type { Endpoints, Pod, Service } from '../../api/types/core/v1.ts'
import { endpoints, pods, services } from '../../api/types/resources.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { type DeepReadonly, objectKey, splitKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { formatTime } from '../../machinery/time.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  watch,
} from '../controller.ts'
import { isNamespaceTerminating, messageOf } from '../pod-control.ts'
import { planSubsets } from './plan-endpoints.ts'
import {
  hasClusterIp,
  headlessLabel,
  podsOfService,
  selectsPods,
  servicesOfPodEvent,
  triggerTimeAnnotation,
} from './service-pods.ts'
import { TriggerTimes } from './trigger-times.ts'

const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const managedBy = 'endpoint-controller'
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'

/** Shows the Pods of each Service in an Endpoints object. After pkg/controller/endpoint. */
export const endpointsController: Controller = {
  name: 'endpoints-controller',
  serviceAccount: 'endpoint-controller',
  eventSource: 'endpoint-controller',
  create: (context) => new EndpointsController(context),
}

class EndpointsController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #endpoints: Informer<Endpoints>
  readonly #triggerTimes = new TriggerTimes()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#services = context.informers.informerFor(services)
    this.#pods = context.informers.informerFor(pods)
    this.#endpoints = context.informers.informerFor(endpoints)
    this.watches = [
      watch(this.#services, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => servicesOfPodEvent(this.#services, event)),
      watch(this.#endpoints, ({ object, type }) => (type === 'deleted' ? [objectKey(object)] : [])),
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const service = this.#services.get(key)
    if (!service) await this.#deleteLeftOver(key)
    else if (selectsPods(service)) await this.#write(key, service)
    return undefined
  }

  async #deleteLeftOver(key: string): Promise<void> {
    this.#triggerTimes.forget(key)
    const { namespace = '', name } = splitKey(key)
    const current = this.#endpoints.get(key)
    // Only our own: the server keeps those of `kubernetes`, users those of Services without a selector.
    if (current?.metadata.labels?.[managedByLabel] !== managedBy) return
    try {
      await this.#context.client.of(endpoints).delete(name, { namespace })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  async #write(key: string, service: Cached<Service>): Promise<void> {
    const chosen = podsOfService(this.#pods, service)
    const { subsets, truncated } = planSubsets(service, chosen)
    const current = this.#endpoints.get(key)
    const triggeredMs = this.#triggerTimes.next(key, service, chosen)
    const labels = labelsFor(service)
    const isOver = current?.metadata.annotations?.[overCapacityAnnotation] === 'truncated'
    if (current && isSame(current, subsets, labels) && isOver === truncated) return
    const {
      [triggerTimeAnnotation]: _time,
      [overCapacityAnnotation]: _over,
      ...others
    } = current?.metadata.annotations ?? {}
    const annotations = {
      ...others,
      ...(triggeredMs === undefined ? {} : { [triggerTimeAnnotation]: formatTime(triggeredMs) }),
      ...(truncated ? { [overCapacityAnnotation]: 'truncated' } : {}),
    }
    const { namespace = '', name } = service.metadata
    const metadata = {
      ...structuredClone(current?.metadata as Endpoints['metadata']),
      namespace,
      name,
      labels,
      annotations,
    }
    await this.#put(service, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets }, current !== undefined)
  }

  async #put(service: Cached<Service>, object: Endpoints, exists: boolean): Promise<void> {
    const { client, events } = this.#context
    try {
      await (exists ? client.of(endpoints).update(object) : client.of(endpoints).create(object))
    } catch (error) {
      if (!exists && isNamespaceTerminating(error)) return
      if (isStatus(error, 'Conflict')) throw error
      const [reason, verb] = exists ? ['FailedToUpdateEndpoint', 'update'] : ['FailedToCreateEndpoint', 'create']
      const message = `Failed to ${verb} endpoint ${objectKey(service)}: ${messageOf(error)}`
      events.event(service, 'Warning', reason, message)
      throw error
    }
  }
}

function labelsFor(service: DeepReadonly<Service>): Record<string, string> {
  const { [headlessLabel]: _, ...own } = service.metadata?.labels ?? {}
  return { ...own, ...(hasClusterIp(service) ? {} : { [headlessLabel]: '' }), [managedByLabel]: managedBy }
}

function isSame(current: Cached<Endpoints>, subsets: Endpoints['subsets'], labels: Record<string, string>): boolean {
  const labelText = (set: Readonly<Record<string, string>> = {}) => JSON.stringify(Object.entries(set).sort())
  return subsetText(current.subsets) === subsetText(subsets) && labelText(current.metadata.labels) === labelText(labels)
}

/** The order of members and of subsets does not matter. */
function subsetText(subsets: DeepReadonly<Endpoints['subsets']> = []): string {
  const addressText = (
    list: readonly DeepReadonly<{
      ip: string
      hostname?: string
      nodeName?: string
      targetRef?: { uid?: string }
    }>[] = [],
  ) =>
    list
      .map(({ ip, hostname = '', nodeName = '', targetRef }) =>
        [ip, hostname, nodeName, targetRef?.uid ?? ''].join(' '),
      )
      .sort()
  const texts = subsets.map(({ addresses, notReadyAddresses, ports = [] }) => [
    addressText(addresses),
    addressText(notReadyAddresses),
    ports
      .map(({ name = '', port, protocol, appProtocol = '' }) => [name, port, protocol, appProtocol].join(' '))
      .sort(),
  ])
  return JSON.stringify(texts.map((text) => JSON.stringify(text)).sort())
}
