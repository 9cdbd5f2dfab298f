import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, invalidField, requiredField, tooManyField } from '../../machinery/field-errors.ts'
import { labelValueErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../types/discovery/v1.ts'
import {
  checkForm,
  checkImmutable,
  checkLabelForm,
  checkLabels,
  checkOneOf,
  checkQualifiedName,
  checkRequiredOneOf,
} from './checks.ts'
import { labelFormErrors, subdomainNameErrors } from './formats.ts'
import { checkCanonicalIp, checkEndpointIp, checkLegacyIp, ipWarnings } from './ip.ts'

/** After pkg/apis/discovery/validation v1.36. */

type Slice = DeepReadonly<EndpointSlice>

const most = { endpoints: 1_000, addresses: 100, ports: 20_000, topologyLabels: 16, hints: 8 } as const

/** Endpoints that were wrong before may stay. */
export function validateEndpointSlice({ addressType, endpoints, ports }: Slice, old?: Slice): FieldError[] {
  const errors: FieldError[] = []
  checkRequiredOneOf(addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType', errors)
  checkPorts(ports ?? [], errors)
  const own: FieldError[] = []
  checkEndpoints(endpoints ?? [], addressType, own)
  if (own.length > 0 && !(old && isDeepStrictEqual(old.endpoints, endpoints))) errors.push(...own)
  return errors
}

export function validateEndpointSliceUpdate(object: Slice, old: Slice): FieldError[] {
  const errors = validateEndpointSlice(object, old)
  checkImmutable(object.addressType === old.addressType, object.addressType ?? '', 'addressType', errors)
  return errors
}

function checkEndpoints(endpoints: DeepReadonly<Endpoint[]>, addressType: string, errors: FieldError[]): void {
  if (endpoints.length > most.endpoints) {
    return void errors.push(tooManyField('endpoints', endpoints.length, most.endpoints))
  }
  endpoints.forEach((endpoint, index) => {
    checkEndpoint(endpoint, addressType, `endpoints[${index}]`, errors)
  })
}

function checkEndpoint(
  endpoint: DeepReadonly<Endpoint>,
  addressType: string,
  path: string,
  errors: FieldError[],
): void {
  const { nodeName, deprecatedTopology, hostname, hints } = endpoint
  const addresses = endpoint.addresses ?? []
  const at = `${path}.addresses`
  if (addresses.length === 0) errors.push(requiredField(at, 'must contain at least 1 address'))
  else if (addresses.length > most.addresses) errors.push(tooManyField(at, addresses.length, most.addresses))
  addresses.forEach((address, index) => {
    checkAddress(address, addressType, at, index, errors)
  })
  if (nodeName !== undefined) checkForm(subdomainNameErrors, nodeName, `${path}.nodeName`, errors)
  const labels = Object.keys(deprecatedTopology ?? {}).length
  if (labels > most.topologyLabels) {
    errors.push(tooManyField(`${path}.deprecatedTopology`, labels, most.topologyLabels))
  }
  checkLabels(deprecatedTopology, `${path}.deprecatedTopology`, errors)
  if (hostname !== undefined) checkLabelForm(hostname, `${path}.hostname`, errors)
  if (hints) checkHints(hints, `${path}.hints`, errors)
}

function checkAddress(address: string, type: string, listPath: string, index: number, errors: FieldError[]): void {
  const path = `${listPath}[${index}]`
  if (type === 'FQDN') checkDomain(address, path, errors)
  if (type !== 'IPv4' && type !== 'IPv6') return
  const before = errors.length
  if (type === 'IPv4') checkLegacyIp(address, path, errors)
  else checkCanonicalIp(address, path, errors)
  if (errors.length > before) return
  if (address.includes(':') !== (type === 'IPv6'))
    errors.push(invalidField(listPath, address, `must be an ${type} address`))
  checkEndpointIp(address, path, errors)
}

/** After apimachinery util/validation IsFullyQualifiedDomainName. */
function checkDomain(domain: string, path: string, errors: FieldError[]): void {
  if (domain === '') return void errors.push(requiredField(path))
  const name = domain.endsWith('.') ? domain.slice(0, -1) : domain
  const why = subdomainNameErrors(name)
  if (why.length > 0) return void errors.push(invalidField(path, name, why.join(',')))
  const labels = name.split('.')
  if (labels.length < 2) {
    return void errors.push(invalidField(path, name, 'should be a domain with at least two segments separated by dots'))
  }
  const wrong = labels.find((label) => labelFormErrors(label).length > 0)
  if (wrong !== undefined) errors.push(invalidField(path, wrong, labelFormErrors(wrong).join(',')))
}

function checkPorts(ports: DeepReadonly<EndpointPort[]>, errors: FieldError[]): void {
  if (ports.length > most.ports) return void errors.push(tooManyField('ports', ports.length, most.ports))
  const seen = new Set<string>()
  ports.forEach(({ name = '', protocol, appProtocol }, index) => {
    const path = `ports[${index}]`
    if (name !== '') checkLabelForm(name, `${path}.name`, errors)
    checkUnique(name, seen, `${path}.name`, errors)
    if (protocol === undefined) errors.push(requiredField(`${path}.protocol`))
    else checkOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`, errors)
    if (appProtocol !== undefined) checkQualifiedName(appProtocol, `${path}.appProtocol`, errors)
  })
}

function checkHints({ forZones, forNodes }: DeepReadonly<EndpointHints>, path: string, errors: FieldError[]): void {
  if (checkNames(forZones ?? [], labelValueErrors, `${path}.forZones`, errors)) {
    checkNames(forNodes ?? [], subdomainNameErrors, `${path}.forNodes`, errors)
  }
}

/** Whether there are not too many. */
function checkNames(
  hints: readonly { readonly name?: string }[],
  rule: (name: string) => readonly string[],
  path: string,
  errors: FieldError[],
): boolean {
  if (hints.length > most.hints) {
    errors.push(tooManyField(path, hints.length, most.hints))
    return false
  }
  const seen = new Set<string>()
  hints.forEach(({ name = '' }, index) => {
    checkUnique(name, seen, `${path}[${index}].name`, errors)
    checkForm(rule, name, `${path}[${index}].name`, errors)
  })
  return true
}

function checkUnique(name: string, seen: Set<string>, path: string, errors: FieldError[]): void {
  if (seen.has(name)) errors.push(duplicateField(path, name))
  seen.add(name)
}

const ownControllers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']

/** Not for the controllers, which write addresses well and often. */
export function endpointSliceWarnings({ metadata, addressType, endpoints }: Slice, old: Slice | undefined): string[] {
  const warnings = addressType === 'FQDN' && !old ? ['spec.addressType: FQDN endpoints are deprecated'] : []
  if (ownControllers.includes(metadata?.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '')) return warnings
  endpoints?.forEach(({ addresses }, index) => {
    addresses?.forEach((address, at) => {
      warnings.push(...ipWarnings(address, `endpoints[${index}].addresses[${at}]`))
    })
  })
  return warnings
}
