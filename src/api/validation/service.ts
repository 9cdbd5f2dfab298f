import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { isExternallyAccessible, isHeadless, needsHealthCheckNodePort } from '../core/service-exposure.ts'
import type { Service, ServicePort, ServiceSpec } from '../types/core/v1.ts'
import {
  checkForm,
  checkLabelForm,
  checkLabels,
  checkOneOf,
  checkPort,
  checkPortNumber,
  checkQualifiedName,
  checkRequiredOneOf,
} from './checks.ts'
import { portNumberErrors, subdomainNameErrors } from './formats.ts'
import { checkEndpointIp, checkLegacyCidr, checkLegacyIp } from './ip.ts'
import { checkClusterIpChange, checkFamilyChange, clusterIpErrors } from './service-cluster-ips.ts'

/** Services. After pkg/apis/core/validation ValidateServiceCreate and ValidateServiceUpdate v1.36. */

type ReadonlyService = DeepReadonly<Service>
type Spec = DeepReadonly<ServiceSpec>

const emptySpec: Spec = {}

export function validateService(service: ReadonlyService): FieldError[] {
  const errors: FieldError[] = []
  checkService(service, undefined, errors)
  return errors
}

export function validateServiceUpdate(service: ReadonlyService, old: ReadonlyService): FieldError[] {
  const errors: FieldError[] = []
  const spec = service.spec ?? emptySpec
  const before = old.spec ?? emptySpec
  checkClusterIpChange(spec, before, errors)
  checkFamilyChange(spec, before, errors)
  if (before.type === 'LoadBalancer' && spec.type === 'LoadBalancer') {
    const { loadBalancerClass } = spec
    if (loadBalancerClass !== before.loadBalancerClass) {
      errors.push(invalidField('spec.loadBalancerClass', loadBalancerClass ?? null, 'may not change once set'))
    }
  }
  checkLoadBalancerClass(spec, errors)
  const keepsChecking = needsHealthCheckNodePort(before) && needsHealthCheckNodePort(spec)
  if (keepsChecking && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'))
  }
  checkService(service, old, errors)
  return errors
}

function checkService(service: ReadonlyService, old: ReadonlyService | undefined, errors: FieldError[]): void {
  const spec = service.spec ?? emptySpec
  checkTopologyAnnotations(service, errors)
  checkServiceType(spec, errors)
  checkServicePorts(spec, errors)
  checkLabels(spec.selector, 'spec.selector', errors)
  checkSessionAffinity(spec, errors)
  errors.push(...clusterIpErrors(spec, old?.spec))
  checkExternalIps(spec, old?.spec, errors)
  checkRequiredOneOf(spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], 'spec.type', errors)
  checkNodePorts(spec, errors)
  checkUniquePorts(spec, errors)
  checkSourceRanges(service, old, errors)
  checkLoadBalancerFields(spec, errors)
  checkLoadBalancerClass(spec, errors)
  checkTrafficPolicies(spec, errors)
}

const topologyMode = 'service.kubernetes.io/topology-mode'
const topologyHints = 'service.kubernetes.io/topology-aware-hints'

/** The old and the new name of one setting must agree. */
function checkTopologyAnnotations({ metadata }: ReadonlyService, errors: FieldError[]): void {
  const mode = metadata?.annotations?.[topologyMode]
  const hints = metadata?.annotations?.[topologyHints]
  if (mode === undefined || hints === undefined || mode === hints) return
  const why = `must match annotations[${topologyHints}] when both are specified`
  errors.push(invalidField(`metadata.annotations[${topologyMode}]`, mode, why))
}

function checkServiceType(spec: Spec, errors: FieldError[]): void {
  const { type, ports } = spec
  const headless = isHeadless(spec)
  if (!ports?.length && !headless && type !== 'ExternalName') errors.push(requiredField('spec.ports'))
  if ((type === 'LoadBalancer' || type === 'NodePort') && headless) {
    errors.push(invalidField('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`))
  }
  if (type === 'ExternalName') checkExternalName(spec, errors)
}

function checkExternalName(spec: Spec, errors: FieldError[]): void {
  const isSet = {
    clusterIPs: (spec.clusterIPs?.length ?? 0) > 0,
    ipFamilies: (spec.ipFamilies?.length ?? 0) > 0,
    ipFamilyPolicy: spec.ipFamilyPolicy !== undefined,
  }
  for (const [field, set] of Object.entries(isSet)) {
    if (set) errors.push(forbiddenField(`spec.${field}`, 'may not be set for ExternalName services'))
  }
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name !== '') checkForm(subdomainNameErrors, name, 'spec.externalName', errors)
  else errors.push(requiredField('spec.externalName'))
}

function checkServicePorts({ ports = [] }: Spec, errors: FieldError[]): void {
  const names = new Set<string>()
  ports.forEach((port, index) => {
    checkServicePort(port, { isNamed: ports.length > 1, names, path: `spec.ports[${index}]` }, errors)
  })
}

interface PortContext {
  readonly isNamed: boolean
  readonly names: Set<string>
  readonly path: string
}

function checkServicePort(
  port: DeepReadonly<ServicePort>,
  { isNamed, names, path }: PortContext,
  errors: FieldError[],
): void {
  const name = port.name ?? ''
  if (isNamed && name === '') errors.push(requiredField(`${path}.name`))
  else if (name !== '') {
    checkLabelForm(name, `${path}.name`, errors)
    if (names.has(name)) errors.push(duplicateField(`${path}.name`, name))
    names.add(name)
  }
  for (const why of portNumberErrors(port.port ?? 0)) errors.push(invalidField(`${path}.port`, port.port ?? 0, why))
  checkRequiredOneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`, errors)
  checkPort(port.targetPort, `${path}.targetPort`, errors)
  if (port.appProtocol !== undefined) checkQualifiedName(port.appProtocol, `${path}.appProtocol`, errors)
}

const maxAffinitySeconds = 86_400

function checkSessionAffinity({ sessionAffinity, sessionAffinityConfig }: Spec, errors: FieldError[]): void {
  const path = 'spec.sessionAffinityConfig'
  checkRequiredOneOf(sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity', errors)
  if (sessionAffinity === 'None' && sessionAffinityConfig) {
    errors.push(forbiddenField(path, 'must not be set when session affinity is None'))
  }
  if (sessionAffinity !== 'ClientIP') return
  const { clientIP } = sessionAffinityConfig ?? {}
  const missing = (field: string) => requiredField(field, 'when session affinity type is ClientIP')
  if (!sessionAffinityConfig) errors.push(missing(path))
  else if (!clientIP) errors.push(missing(`${path}.clientIP`))
  else if (clientIP.timeoutSeconds === undefined) errors.push(missing(`${path}.clientIP.timeoutSeconds`))
  else if (clientIP.timeoutSeconds <= 0 || clientIP.timeoutSeconds > maxAffinitySeconds) {
    const why = `must be greater than 0 and less than ${maxAffinitySeconds}`
    errors.push(invalidField(`${path}.clientIP.timeoutSeconds`, clientIP.timeoutSeconds, why))
  }
}

function checkExternalIps({ externalIPs }: Spec, old: Spec | undefined, errors: FieldError[]): void {
  externalIPs?.forEach((address, index) => {
    const path = `spec.externalIPs[${index}]`
    const before = errors.length
    checkLegacyIp(address, path, errors, old?.externalIPs)
    if (errors.length === before) checkEndpointIp(address, path, errors)
  })
}

function checkNodePorts({ type, ports = [] }: Spec, errors: FieldError[]): void {
  if (type === 'ClusterIP') {
    ports.forEach(({ nodePort }, index) => {
      if (!nodePort) return
      errors.push(forbiddenField(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"))
    })
  }
  const taken = new Set<string>()
  ports.forEach(({ protocol = '', nodePort = 0 }, index) => {
    const key = `${protocol}/${nodePort}`
    if (nodePort !== 0 && taken.has(key)) errors.push(duplicateField(`spec.ports[${index}].nodePort`, nodePort))
    taken.add(key)
  })
}

function checkUniquePorts({ ports = [] }: Spec, errors: FieldError[]): void {
  const taken = new Set<string>()
  ports.forEach(({ port = 0, protocol = '' }, index) => {
    const key = `${protocol}/${port}`
    // Upstream shows a whole port of which only these two are set.
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
    if (taken.has(key)) errors.push(duplicateField(`spec.ports[${index}]`, shown))
    taken.add(key)
  })
}

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

function checkSourceRanges(service: ReadonlyService, old: ReadonlyService | undefined, errors: FieldError[]): void {
  const { type, loadBalancerSourceRanges: ranges = [] } = service.spec ?? emptySpec
  const why = "may only be used when `type` is 'LoadBalancer'"
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges'
    if (type !== 'LoadBalancer') errors.push(forbiddenField(path, why))
    const kept = (old?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim())
    ranges.forEach((range, index) => {
      checkLegacyCidr(range.trim(), `${path}[${index}]`, errors, kept)
    })
    return
  }
  const annotation = service.metadata?.annotations?.[rangesAnnotation]
  if (annotation === undefined) return
  const path = `metadata.annotations[${rangesAnnotation}]`
  if (type !== 'LoadBalancer') errors.push(forbiddenField(path, why))
  if (annotation.trim() === '' || old?.metadata?.annotations?.[rangesAnnotation] === annotation) return
  for (const range of annotation.trim().split(',')) checkLegacyCidr(range.trim(), path, errors)
}

function checkLoadBalancerFields({ type, allocateLoadBalancerNodePorts: allocate }: Spec, errors: FieldError[]): void {
  const field = 'allocateLoadBalancerNodePorts'
  if (allocate !== undefined && type !== 'LoadBalancer') {
    errors.push(forbiddenField(`spec.${field}`, "may only be used when `type` is 'LoadBalancer'"))
  }
  if (allocate === undefined && type === 'LoadBalancer') errors.push(requiredField(field))
}

function checkLoadBalancerClass({ type, loadBalancerClass }: Spec, errors: FieldError[]): void {
  if (loadBalancerClass === undefined) return
  const path = 'spec.loadBalancerClass'
  if (type === 'LoadBalancer') checkQualifiedName(loadBalancerClass, path, errors)
  else errors.push(forbiddenField(path, "may only be used when `type` is 'LoadBalancer'"))
}

function checkTrafficPolicies(spec: Spec, errors: FieldError[]): void {
  const { externalTrafficPolicy: external = '', internalTrafficPolicy: internal, trafficDistribution, type } = spec
  const path = 'spec.externalTrafficPolicy'
  if (isExternallyAccessible(spec)) checkRequiredOneOf(external, ['Cluster', 'Local'], path, errors)
  else if (external !== '') {
    errors.push(invalidField(path, external, 'may only be set for externally-accessible services'))
  }
  checkHealthCheckPort(spec, errors)
  if (internal !== undefined) checkOneOf(internal, ['Cluster', 'Local'], 'spec.internalTrafficPolicy', errors)
  else if (type === 'NodePort' || type === 'LoadBalancer' || type === 'ClusterIP') {
    errors.push(requiredField('spec.internalTrafficPolicy'))
  }
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution)) {
    errors.push(notSupportedField('spec.trafficDistribution', trafficDistribution, distributions))
  }
}

function checkHealthCheckPort(spec: Spec, errors: FieldError[]): void {
  const port = spec.healthCheckNodePort ?? 0
  const path = 'spec.healthCheckNodePort'
  if (needsHealthCheckNodePort(spec)) {
    if (port === 0) errors.push(requiredField(path))
    else checkPortNumber(port, path, errors)
  } else if (port !== 0) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    errors.push(invalidField(path, port, why))
  }
}
