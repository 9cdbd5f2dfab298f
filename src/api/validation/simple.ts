import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { EndpointSlice } from '../types/discovery/v1.ts'
import type { PodDisruptionBudget } from '../types/policy/v1.ts'
import { checkForm, checkImmutable, checkOneOf, checkPortNumber, checkRequiredOneOf } from './checks.ts'
import { subdomainNameErrors } from './formats.ts'
import { checkLegacyIp } from './ip.ts'
import { checkLabelSelector } from './label-selector.ts'
import { checkAtMostWhole, checkIntOrPercent } from './workloads.ts'

/** Kinds with a handful of rules each; every function names the one it follows upstream. */

/** After pkg/apis/policy/validation ValidatePodDisruptionBudgetSpec. */
export function validatePodDisruptionBudget({ spec = {} }: DeepReadonly<PodDisruptionBudget>): FieldError[] {
  const errors: FieldError[] = []
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: spec.minAvailable,
      Selector: spec.selector ?? null,
      MaxUnavailable: spec.maxUnavailable,
      UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
    }
    errors.push(invalidField('spec', shown, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    checkIntOrPercent(spec[field], `spec.${field}`, errors)
    checkAtMostWhole(spec[field], `spec.${field}`, errors)
  }
  checkLabelSelector(spec.selector, 'spec.selector', errors)
  const policy = spec.unhealthyPodEvictionPolicy
  if (policy !== undefined) {
    checkOneOf(policy, ['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy', errors)
  }
  return errors
}

const maxEndpoints = 1_000

/** After pkg/apis/discovery/validation ValidateEndpointSlice. */
export function validateEndpointSlice(slice: Partial<DeepReadonly<EndpointSlice>>): FieldError[] {
  const errors: FieldError[] = []
  const { addressType = '', endpoints = [], ports } = slice
  checkRequiredOneOf(addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType', errors)
  if ((endpoints ?? []).length > maxEndpoints) {
    const detail = `Too many: ${endpoints.length}: must have at most ${maxEndpoints} items`
    errors.push({ type: 'FieldValueTooMany', field: 'endpoints', detail })
  }
  ;(endpoints ?? []).forEach(({ addresses }, index) => {
    const path = `endpoints[${index}].addresses`
    if (!addresses?.length) errors.push(requiredField(path, 'must contain at least 1 address'))
    addresses?.forEach((address, addressIndex) => {
      if (addressType === 'FQDN') checkForm(subdomainNameErrors, address, `${path}[${addressIndex}]`, errors)
      else checkLegacyIp(address, `${path}[${addressIndex}]`, errors)
    })
  })
  ports?.forEach(({ port, protocol }, index) => {
    checkRequiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `ports[${index}].protocol`, errors)
    if (port !== undefined) checkPortNumber(port, `ports[${index}].port`, errors)
  })
  return errors
}

export function validateEndpointSliceUpdate(
  object: DeepReadonly<EndpointSlice>,
  old: DeepReadonly<EndpointSlice>,
): FieldError[] {
  const errors = validateEndpointSlice(object)
  checkImmutable(object.addressType === old.addressType, object.addressType, 'addressType', errors)
  return errors
}
