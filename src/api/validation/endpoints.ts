import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from '../types/core/v1.ts'
import { checkLabelForm, checkPortNumber, checkQualifiedName, checkRequiredOneOf, checkSubdomain } from './checks.ts'
import { checkEndpointIp, checkLegacyIp, ipWarnings } from './ip.ts'

/** After pkg/apis/core/validation ValidateEndpoints v1.36. */

export function validateEndpoints({ subsets }: DeepReadonly<Endpoints>): FieldError[] {
  const errors: FieldError[] = []
  subsets?.forEach((subset, index) => {
    checkSubset(subset, `subsets[${index}]`, errors)
  })
  return errors
}

/** What was wrong before may stay. */
export function validateEndpointsUpdate(object: DeepReadonly<Endpoints>, old: DeepReadonly<Endpoints>): FieldError[] {
  const errors = validateEndpoints(object)
  return errors.length > 0 && isDeepStrictEqual(object.subsets, old.subsets) ? [] : errors
}

function checkSubset(
  { addresses, notReadyAddresses, ports }: DeepReadonly<EndpointSubset>,
  path: string,
  errors: FieldError[],
): void {
  if (!addresses?.length && !notReadyAddresses?.length) {
    errors.push(requiredField(path, 'must specify `addresses` or `notReadyAddresses`'))
  }
  addresses?.forEach((address, index) => {
    checkAddress(address, `${path}.addresses[${index}]`, errors)
  })
  notReadyAddresses?.forEach((address, index) => {
    checkAddress(address, `${path}.notReadyAddresses[${index}]`, errors)
  })
  ports?.forEach((port, index) => {
    checkPort(port, ports.length > 1, `${path}.ports[${index}]`, errors)
  })
}

function checkAddress(
  { ip = '', hostname, nodeName }: DeepReadonly<Partial<EndpointAddress>>,
  path: string,
  errors: FieldError[],
): void {
  checkLegacyIp(ip, `${path}.ip`, errors)
  if (hostname) checkLabelForm(hostname, `${path}.hostname`, errors)
  if (nodeName !== undefined) checkSubdomain(nodeName, `${path}.nodeName`, errors)
  checkEndpointIp(ip, `${path}.ip`, errors)
}

function checkPort(
  { name = '', port, protocol, appProtocol }: DeepReadonly<Partial<EndpointPort>>,
  isNamed: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (name !== '') checkLabelForm(name, `${path}.name`, errors)
  else if (isNamed) errors.push(requiredField(`${path}.name`))
  checkPortNumber(port ?? 0, `${path}.port`, errors)
  checkRequiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`, errors)
  if (appProtocol !== undefined) checkQualifiedName(appProtocol, `${path}.appProtocol`, errors)
}

const managedBy = 'endpoints.kubernetes.io/managed-by'

/** Odd addresses; the controller's own are as they are. */
export function endpointsWarnings({ metadata, subsets }: DeepReadonly<Endpoints>): string[] {
  if (metadata?.labels?.[managedBy] === 'endpoint-controller') return []
  return (subsets ?? []).flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((field) =>
      (subset[field] ?? []).flatMap(({ ip }, place) => ipWarnings(ip, `subsets[${index}].${field}[${place}].ip`)),
    ),
  )
}
