import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
} from '../../machinery/field-errors.ts'
import { patternError } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Service, ServicePort, ServiceSpec } from '../types/core/v1.ts'
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../types/networking/v1.ts'
import {
  checkForm,
  checkLabelForm,
  checkLabels,
  checkOneOf,
  checkPort,
  checkPortNumber,
  checkQualifiedName,
  checkRequiredOneOf,
  checkSubdomain,
} from './checks.ts'
import { labelFormErrors, portNameErrors, portNumberErrors, subdomainNameErrors } from './formats.ts'
import { checkLegacyCidr, checkLegacyIp, isLegacyIp } from './ip.ts'
import { checkLabelSelector } from './label-selector.ts'

/** Services, Ingresses and NetworkPolicies. After pkg/apis/core/validation and pkg/apis/networking/validation. */

export function validateService({ spec }: DeepReadonly<Service>): FieldError[] {
  const errors: FieldError[] = []
  if (!spec) return errors
  const isHeadless = spec.clusterIP === 'None'
  const ports = spec.ports ?? []
  if (ports.length === 0 && !isHeadless && spec.type !== 'ExternalName') errors.push(requiredField('spec.ports'))
  checkServiceType(spec, errors)
  const names = new Set<string>()
  ports.forEach((port, index) => {
    checkServicePort(port, { isNamed: ports.length > 1, names, path: `spec.ports[${index}]` }, errors)
  })
  checkLabels(spec.selector, 'spec.selector', errors)
  checkRequiredOneOf(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity', errors)
  checkAffinityTimeout(spec, errors)
  spec.externalIPs?.forEach((address, index) => {
    checkLegacyIp(address, `spec.externalIPs[${index}]`, errors)
  })
  checkRequiredOneOf(spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], 'spec.type', errors)
  checkUniquePorts(ports, errors)
  checkSourceRanges(spec, errors)
  checkTrafficPolicies(spec, errors)
  return errors
}

function checkServiceType(spec: DeepReadonly<ServiceSpec>, errors: FieldError[]): void {
  const { type, ports, clusterIP = '', externalName } = spec
  if (type === 'LoadBalancer') {
    ports?.forEach(({ port }, index) => {
      // The kubelet listens there.
      if (port === 10_250) {
        errors.push(
          invalidField(
            `spec.ports[${index}].port`,
            port,
            'may not expose port 10250 externally since it is used by kubelet',
          ),
        )
      }
    })
    if (clusterIP === 'None')
      errors.push(invalidField('spec.clusterIPs[0]', clusterIP, "may not be set to 'None' for LoadBalancer services"))
  } else if (type === 'NodePort') {
    if (clusterIP === 'None')
      errors.push(invalidField('spec.clusterIPs[0]', clusterIP, "may not be set to 'None' for NodePort services"))
  } else if (type === 'ExternalName') {
    if (clusterIP !== '') errors.push(forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services'))
    const name = (externalName ?? '').replace(/\.$/, '')
    if (name !== '') checkForm(subdomainNameErrors, name, 'spec.externalName', errors)
    else errors.push(requiredField('spec.externalName'))
  }
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

function checkAffinityTimeout(
  { sessionAffinity, sessionAffinityConfig }: DeepReadonly<ServiceSpec>,
  errors: FieldError[],
): void {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity === 'None' && sessionAffinityConfig) {
    const why = 'must not be set when session affinity is None'
    errors.push(forbiddenField('spec.sessionAffinityConfig', why))
  }
  if (sessionAffinity !== 'ClientIP' || seconds === undefined) return
  if (seconds <= 0 || seconds > maxAffinitySeconds) {
    const why = `must be greater than 0 and less than ${maxAffinitySeconds}`
    errors.push(invalidField('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, why))
  }
}

function checkUniquePorts(ports: readonly DeepReadonly<ServicePort>[], errors: FieldError[]): void {
  const nodePorts = new Set<string>()
  const keys = new Set<string>()
  ports.forEach(({ port, protocol = '', nodePort = 0 }, index) => {
    const path = `spec.ports[${index}]`
    const nodeKey = `${protocol}/${nodePort}`
    if (nodePort !== 0 && nodePorts.has(nodeKey)) errors.push(duplicateField(`${path}.nodePort`, nodePort))
    nodePorts.add(nodeKey)
    const key = `${protocol}/${port}`
    if (keys.has(key)) errors.push(duplicateField(path, { protocol, port }))
    keys.add(key)
  })
}

function checkSourceRanges(
  { loadBalancerSourceRanges: ranges, type }: DeepReadonly<ServiceSpec>,
  errors: FieldError[],
): void {
  if (!ranges?.length) return
  const path = 'spec.loadBalancerSourceRanges'
  if (type !== 'LoadBalancer') {
    return void errors.push(forbiddenField(path, "may only be used when `type` is 'LoadBalancer'"))
  }
  ranges.forEach((range, index) => {
    checkLegacyCidr(range.trim(), `${path}[${index}]`, errors)
  })
}

function checkTrafficPolicies(spec: DeepReadonly<ServiceSpec>, errors: FieldError[]): void {
  const { externalTrafficPolicy: external = '', internalTrafficPolicy: internal, type } = spec
  const isExternal = type === 'LoadBalancer' || type === 'NodePort' || (spec.externalIPs?.length ?? 0) > 0
  if (external !== '' && !isExternal) {
    const why = 'may only be set for externally-accessible services'
    errors.push(invalidField('spec.externalTrafficPolicy', external, why))
  } else if (isExternal) {
    checkRequiredOneOf(external, ['Cluster', 'Local'], 'spec.externalTrafficPolicy', errors)
  }
  if (internal !== undefined) checkOneOf(internal, ['Cluster', 'Local'], 'spec.internalTrafficPolicy', errors)
}

export function validateIngress({ spec = {} }: DeepReadonly<Ingress>): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.push(invalidField('spec', null, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (spec.defaultBackend) checkBackend(spec.defaultBackend, 'spec.defaultBackend', errors)
  spec.rules?.forEach(({ host = '', http }, index) => {
    const path = `spec.rules[${index}]`
    if (host !== '') checkIngressHost(host, `${path}.host`, errors)
    if (!http) return
    if (!http.paths?.length) errors.push(requiredField(`${path}.http.paths`))
    http.paths?.forEach((each, pathIndex) => {
      checkIngressPath(each, `${path}.http.paths[${pathIndex}]`, errors)
    })
  })
  spec.tls?.forEach(({ hosts, secretName }, index) => {
    hosts?.forEach((host, hostIndex) => {
      checkForm(hostErrors, host, `spec.tls[${index}].hosts[${hostIndex}]`, errors)
    })
    if (secretName) checkSubdomain(secretName, `spec.tls[${index}].secretName`, errors)
  })
  if (spec.ingressClassName !== undefined) checkSubdomain(spec.ingressClassName, 'spec.ingressClassName', errors)
  return errors
}

const wildcardPattern = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'
const wildcardForm = new RegExp(`^${wildcardPattern}$`)
const wildcardRule =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"

function hostErrors(host: string): string[] {
  if (!host.includes('*')) return subdomainNameErrors(host)
  return wildcardForm.test(host) ? [] : [patternError(wildcardRule, wildcardPattern, ['*.example.com'])]
}

function checkIngressHost(host: string, path: string, errors: FieldError[]): void {
  if (isLegacyIp(host)) errors.push(invalidField(path, host, 'must be a DNS name, not an IP address'))
  checkForm(hostErrors, host, path, errors)
}

const refusedSequences = ['//', '/./', '/../', '%2f', '%2F']
const refusedEndings = ['/..', '/.']

function checkIngressPath(each: DeepReadonly<HTTPIngressPath>, at: string, errors: FieldError[]): void {
  const { pathType, path = '', backend } = each as Partial<typeof each>
  if (pathType === undefined) return void errors.push(requiredField(`${at}.pathType`, 'pathType must be specified'))
  const types = ['Exact', 'ImplementationSpecific', 'Prefix']
  if (!types.includes(pathType)) errors.push(notSupportedField(`${at}.pathType`, pathType, types))
  else {
    const isFree = pathType === 'ImplementationSpecific'
    if (!path.startsWith('/') && !(isFree && path === '')) {
      errors.push(invalidField(`${at}.path`, path, 'must be an absolute path'))
    }
    if (!isFree) checkPathText(path, `${at}.path`, errors)
  }
  checkBackend(backend ?? {}, `${at}.backend`, errors)
}

function checkPathText(path: string, at: string, errors: FieldError[]): void {
  for (const part of refusedSequences) {
    if (path.includes(part)) errors.push(invalidField(at, path, `must not contain '${part}'`))
  }
  for (const ending of refusedEndings) {
    if (path.endsWith(ending)) errors.push(invalidField(at, path, `cannot end with '${ending}'`))
  }
}

function checkBackend({ service, resource }: DeepReadonly<IngressBackend>, path: string, errors: FieldError[]): void {
  if (service && resource) {
    return void errors.push(invalidField(path, '', 'cannot set both resource and service backends'))
  }
  if (resource) {
    if (resource.apiGroup) checkSubdomain(resource.apiGroup, `${path}.resource.apiGroup`, errors)
    for (const field of ['kind', 'name'] as const) {
      if (!resource[field]) errors.push(requiredField(`${path}.resource.${field}`))
    }
    return
  }
  if (!service) return void errors.push(invalidField(path, '', 'resource or service backend is required'))
  if (!service.name) errors.push(requiredField(`${path}.service.name`))
  else checkForm(labelFormErrors, service.name, `${path}.service.name`, errors)
  const { name = '', number = 0 } = service.port ?? {}
  if (name !== '' && number !== 0) errors.push(invalidField(path, '', 'cannot set both port name & port number'))
  else if (name !== '') checkForm(portNameErrors, name, `${path}.service.port.name`, errors)
  else if (number !== 0) checkPortNumber(number, `${path}.service.port.number`, errors)
  else errors.push(requiredField(path, 'port name or number is required'))
}

export function validateNetworkPolicy({ spec }: DeepReadonly<NetworkPolicy>): FieldError[] {
  const errors: FieldError[] = []
  checkLabelSelector(spec?.podSelector, 'spec.podSelector', errors)
  spec?.ingress?.forEach(({ ports, from }, index) => {
    checkPolicyRule(ports, from, { path: `spec.ingress[${index}]`, peers: 'from' }, errors)
  })
  spec?.egress?.forEach(({ ports, to }, index) => {
    checkPolicyRule(ports, to, { path: `spec.egress[${index}]`, peers: 'to' }, errors)
  })
  const types = spec?.policyTypes ?? []
  if (types.length > 2) {
    return [...errors, invalidField('spec.policyTypes', types, 'may not specify more than two policyTypes')]
  }
  types.forEach((type, index) => {
    checkOneOf(type, ['Ingress', 'Egress'], `spec.policyTypes[${index}]`, errors)
  })
  return errors
}

function checkPolicyRule(
  ports: readonly DeepReadonly<NetworkPolicyPort>[] | undefined,
  peers: readonly DeepReadonly<NetworkPolicyPeer>[] | undefined,
  at: { readonly path: string; readonly peers: 'from' | 'to' },
  errors: FieldError[],
): void {
  ports?.forEach((port, index) => {
    checkPolicyPort(port, `${at.path}.ports[${index}]`, errors)
  })
  peers?.forEach((peer, index) => {
    checkPeer(peer, `${at.path}.${at.peers}[${index}]`, errors)
  })
}

function checkPolicyPort(
  { protocol, port, endPort }: DeepReadonly<NetworkPolicyPort>,
  path: string,
  errors: FieldError[],
): void {
  if (protocol !== undefined) checkOneOf(protocol, ['TCP', 'UDP', 'SCTP'], `${path}.protocol`, errors)
  if (typeof port === 'number') checkPortNumber(port, `${path}.port`, errors)
  if (endPort !== undefined) {
    const at = `${path}.endPort`
    if (typeof port === 'number') {
      if (endPort < port) errors.push(invalidField(at, port, 'must be greater than or equal to `port`'))
      checkPortNumber(endPort, at, errors)
    } else {
      const why = port === undefined ? 'not specified' : 'non-numeric'
      errors.push(invalidField(at, endPort, `may not be specified when \`port\` is ${why}`))
    }
  }
  if (typeof port === 'string') checkForm(portNameErrors, port, `${path}.port`, errors)
}

function checkPeer(
  { podSelector, namespaceSelector, ipBlock }: DeepReadonly<NetworkPolicyPeer>,
  path: string,
  errors: FieldError[],
): void {
  checkLabelSelector(podSelector, `${path}.podSelector`, errors)
  checkLabelSelector(namespaceSelector, `${path}.namespaceSelector`, errors)
  if (ipBlock) {
    if (!ipBlock.cidr) errors.push(requiredField(`${path}.ipBlock.cidr`))
    else checkLegacyCidr(ipBlock.cidr, `${path}.ipBlock.cidr`, errors)
    ipBlock.except?.forEach((range, index) => {
      checkLegacyCidr(range, `${path}.ipBlock.except[${index}]`, errors)
    })
  }
  if (!podSelector && !namespaceSelector && !ipBlock) {
    errors.push(requiredField(path, 'must specify a peer'))
  } else if (ipBlock && (podSelector || namespaceSelector)) {
    errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'))
  }
}
