import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, formatLabels, loadBalancerAddresses, nameColumn, text, wide } from '../printing.ts'
import type { Service, ServiceSpec } from '../types/core/v1.ts'
import { services } from '../types/resources.ts'
import { forPrefix, labelFormErrors } from '../validation/formats.ts'
import { validateServiceStatus } from '../validation/load-balancer-status.ts'
import { validateService, validateServiceUpdate } from '../validation/service.ts'
import { isExternallyAccessible, needsHealthCheckNodePort } from './service-exposure.ts'
import { serviceStatusWarnings, serviceWarnings } from './service-warnings.ts'

/** Three hours, how long a client stays with its endpoint under session affinity. */
const defaultAffinitySeconds = 10_800

function applyDefaults(service: Service): void {
  const spec = service.spec
  if (!spec) return
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: defaultAffinitySeconds } }
  }
  spec.type ||= 'ClusterIP'
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP'
    if (!port.targetPort) port.targetPort = port.port
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster'
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true
    for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
  }
}

/** Upstream stores what it found valid and hides it from every reader. */
function hideInternalTrafficPolicy(spec: ServiceSpec): void {
  const policy = spec.internalTrafficPolicy
  if (spec.type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local')) delete spec.internalTrafficPolicy
}

/** What no longer fits the type goes, unless this write sets it. After core/service dropTypeDependentFields. */
function dropTypeDependentFields(draft: Service, old: DeepReadonly<Service>): void {
  const spec = draft.spec
  const before = old.spec
  if (!spec || !before) return
  hideInternalTrafficPolicy(spec)
  if (needsClusterIP(before) && !needsClusterIP(spec)) {
    if (sameList(before.clusterIPs, spec.clusterIPs)) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (sameList(before.ipFamilies, spec.ipFamilies)) delete spec.ipFamilies
    if (before.ipFamilyPolicy === spec.ipFamilyPolicy) delete spec.ipFamilyPolicy
  }
  if (needsNodePort(before) && !needsNodePort(spec) && sameNodePorts(before, spec)) {
    for (const port of spec.ports ?? []) delete port.nodePort
  }
  const loses = (test: (spec: DeepReadonly<ServiceSpec>) => boolean) => test(before) && !test(spec)
  if (loses(needsHealthCheckNodePort) && before.healthCheckNodePort === spec.healthCheckNodePort) {
    delete spec.healthCheckNodePort
  }
  const isLoadBalancer = ({ type }: DeepReadonly<ServiceSpec>) => type === 'LoadBalancer'
  if (loses(isLoadBalancer)) {
    if (before.allocateLoadBalancerNodePorts === spec.allocateLoadBalancerNodePorts) {
      delete spec.allocateLoadBalancerNodePorts
    }
    if (before.loadBalancerClass === spec.loadBalancerClass) delete spec.loadBalancerClass
  }
  if (loses(isExternallyAccessible)) {
    if (before.externalTrafficPolicy === spec.externalTrafficPolicy) delete spec.externalTrafficPolicy
  }
}

function needsClusterIP({ type }: DeepReadonly<ServiceSpec>): boolean {
  return type !== 'ExternalName'
}

function needsNodePort({ type }: DeepReadonly<ServiceSpec>): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

function sameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function sameNodePorts(before: DeepReadonly<ServiceSpec>, spec: ServiceSpec): boolean {
  const nodePorts = (ports: readonly { readonly nodePort?: number }[] = []) =>
    new Set(ports.map(({ nodePort }) => nodePort ?? 0).filter((port) => port !== 0))
  const had = nodePorts(before.ports)
  return [...nodePorts(spec.ports)].every((port) => had.has(port))
}

function externalAddress({ spec, status }: DeepReadonly<Service>): string {
  const externalIPs = spec?.externalIPs ?? []
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIPs.join(',') || '<none>'
    case 'LoadBalancer': {
      const addresses = loadBalancerAddresses(status?.loadBalancer?.ingress)
      return [...(addresses === '' ? [] : [addresses]), ...externalIPs].join(',') || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

function portsText({ spec }: DeepReadonly<Service>): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return ports.join(',') || '<none>'
}

export const service = define(services, {
  returnsDeletedObject: true,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateName: forPrefix(labelFormErrors),
  storagePrefix: 'services/specs',
  applyDefaults,
  prepareForCreate: ({ spec }) => {
    if (spec) hideInternalTrafficPolicy(spec)
  },
  prepareForUpdate: dropTypeDependentFields,
  warnings: serviceWarnings,
  status: { validateUpdate: validateServiceStatus, warnings: serviceStatusWarnings },
  allowCreateOnUpdate: true,
  selectableFields: {
    'spec.clusterIP': (object) => object.spec?.clusterIP ?? '',
    'spec.type': (object) => object.spec?.type ?? '',
  },
  columns: [
    nameColumn,
    text('Type', (object) => object.spec?.type ?? ''),
    text('Cluster-IP', (object) => object.spec?.clusterIPs?.[0] ?? '<none>'),
    text('External-IP', externalAddress),
    text('Port(s)', portsText),
    ageColumn,
    wide('Selector', (object) => formatLabels(object.spec?.selector)),
  ],
})
