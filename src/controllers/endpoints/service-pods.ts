import type { Pod, Service, ServicePort } from '../../api/types/core/v1.ts'
import type { Cached, Informer } from '../../client/informer.ts'
import { byNamespace } from '../../client/informer.ts'
import { type DeepReadonly, objectKey } from '../../machinery/object.ts'
import type { WatchEvent } from '../controller.ts'
import { labelsMatch } from '../label-match.ts'
import { endpointFacts } from './pod-facts.ts'

export const headlessLabel = 'service.kubernetes.io/headless'
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Whether the Service has an address of its own. After endpointslice utils.go isServiceIPSet. */
export function hasClusterIp({ spec }: DeepReadonly<Service>): boolean {
  return (spec?.clusterIP ?? '') !== '' && spec?.clusterIP !== 'None'
}

/** Whether the controllers look after this Service's endpoints: without a selector somebody else does. */
export function selectsPods({ spec }: DeepReadonly<Service>): boolean {
  return spec?.selector !== undefined && Object.keys(spec.selector).length > 0 && spec.type !== 'ExternalName'
}

export function podsOfService(pods: Informer<Pod>, service: Cached<Service>): readonly Cached<Pod>[] {
  return pods
    .byIndex(byNamespace, service.metadata.namespace ?? '')
    .filter(({ metadata }) => labelsMatch(service.spec?.selector ?? {}, metadata.labels))
}

/** The number a Service's port has in this Pod; undefined when the Pod has no port of that name. */
export function targetPortOf(pod: DeepReadonly<Pod>, port: DeepReadonly<ServicePort>): number | undefined {
  const { targetPort = port.port } = port
  if (typeof targetPort === 'number') return targetPort
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  for (const { ports = [] } of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = ports.find(
      ({ name, protocol = 'TCP' }) => name === targetPort && protocol === (port.protocol ?? 'TCP'),
    )
    if (found) return found.containerPort
  }
  return undefined
}

/** Whether a Pod's own name is to resolve below the Service's. */
export function hasHostname({ spec, metadata }: DeepReadonly<Pod>, service: DeepReadonly<Service>): boolean {
  return (
    Boolean(spec?.hostname) &&
    spec?.subdomain === service.metadata?.name &&
    metadata?.namespace === service.metadata?.namespace
  )
}

/** The Services a Pod event may matter to: none when nothing changed that an endpoint shows. */
export function servicesOfPodEvent(services: Informer<Service>, { object, previous, type }: WatchEvent<Pod>): string[] {
  if (type === 'updated' && previous && endpointFacts(object) === endpointFacts(previous)) return []
  const labels = [object.metadata.labels, previous?.metadata.labels]
  return services
    .byIndex(byNamespace, object.metadata.namespace ?? '')
    .filter(
      (service) => selectsPods(service) && labels.some((set) => set && labelsMatch(service.spec?.selector ?? {}, set)),
    )
    .map(objectKey)
}
