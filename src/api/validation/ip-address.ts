import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import type { IPAddress, ParentReference, ServiceCIDR } from '../types/networking/v1.ts'
import { checkImmutable, checkRequiredSegment, checkSubdomain } from './checks.ts'
import { checkCanonicalCidr, checkCanonicalIp, isDualStack, parseCidr } from './ip.ts'

/** IPAddresses and ServiceCIDRs. After pkg/apis/networking/validation v1.36. */

/** An IPAddress is named by its address. */
export function ipAddressNameErrors(name: string): string[] {
  const errors: FieldError[] = []
  checkCanonicalIp(name, '', errors)
  return errors.map(({ detail }) => detail.slice(`Invalid value: ${JSON.stringify(name)}: `.length))
}

export function validateIPAddress({ spec }: DeepReadonly<IPAddress>): FieldError[] {
  const errors: FieldError[] = []
  const path = 'spec.parentRef'
  const parent = spec?.parentRef
  if (!parent) return [requiredField(path)]
  if (parent.group) checkSubdomain(parent.group, `${path}.group`, errors)
  checkRequiredSegment(parent.resource, `${path}.resource`, errors)
  checkRequiredSegment(parent.name, `${path}.name`, errors)
  if (parent.namespace) {
    for (const why of pathSegmentName(parent.namespace, false)) {
      errors.push(invalidField(`${path}.namespace`, parent.namespace, why))
    }
  }
  return errors
}

/** A parent as Go's struct shows it in errors. */
function goParent({ group = '', resource, namespace = '', name }: DeepReadonly<ParentReference>): object {
  return { Group: group, Resource: resource ?? '', Namespace: namespace, Name: name ?? '' }
}

export function validateIPAddressUpdate(object: DeepReadonly<IPAddress>, old: DeepReadonly<IPAddress>): FieldError[] {
  const errors = validateIPAddress(object)
  const parent = object.spec?.parentRef
  const isSame = isDeepStrictEqual(parent, old.spec?.parentRef)
  checkImmutable(isSame, parent ? goParent(parent) : null, 'spec.parentRef', errors)
  return errors
}

const cidrsPath = 'spec.cidrs'

export function validateServiceCIDR({ spec }: DeepReadonly<ServiceCIDR>): FieldError[] {
  const errors: FieldError[] = []
  const cidrs = spec?.cidrs ?? []
  if (cidrs.length === 0) return [requiredField(cidrsPath, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalidField(cidrsPath, { CIDRs: cidrs }, 'may only hold up to 2 values')]
  cidrs.forEach((cidr, index) => {
    checkCanonicalCidr(cidr, `${cidrsPath}[${index}]`, errors)
  })
  const networks = cidrs.map(parseCidr).filter((network) => network !== undefined)
  if (networks.length === 2 && !isDualStack(networks.map(({ address }) => address))) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    errors.push(invalidField(cidrsPath, cidrs, why))
  }
  return errors
}

/** A second network of the other family may be added, once. */
export function validateServiceCIDRUpdate(
  object: DeepReadonly<ServiceCIDR>,
  old: DeepReadonly<ServiceCIDR>,
): FieldError[] {
  const errors: FieldError[] = []
  const cidrs = object.spec?.cidrs ?? []
  const before = old.spec?.cidrs ?? []
  const grows = before.length === 1 && cidrs.length === 2
  if (!grows && before.length !== cidrs.length) {
    checkImmutable(false, object.spec?.cidrs ?? null, cidrsPath, errors)
    return errors
  }
  before.forEach((cidr, index) => {
    checkImmutable(cidr === cidrs[index], cidrs[index], `${cidrsPath}[${index}]`, errors)
  })
  return grows ? [...errors, ...validateServiceCIDR(object)] : errors
}
