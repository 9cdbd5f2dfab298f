import type { Service, ServiceSpec } from '../../../api/types/core/v1.ts'
import { clusterIpErrors } from '../../../api/validation/service-cluster-ips.ts'
import { type FieldError, invalid } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { type IpFamily, parseIp } from './ip-range.ts'

/** Which families a Service has, as far as it does not say. After pkg/registry/core/service/storage/alloc.go v1.36. */

export const noClusterIp = 'None'

type Spec = DeepReadonly<ServiceSpec>

/** Fills ipFamilyPolicy and ipFamilies. Throws 422 for what the cluster's networks cannot give. */
export function initIpFamilies(
  service: Service,
  old: DeepReadonly<Service> | undefined,
  families: readonly IpFamily[],
): void {
  const spec = service.spec!
  if (spec.type === 'ExternalName' || (old?.spec && keepsPreferDualStack(spec, old.spec))) return
  const isSelectorless = spec.clusterIP === noClusterIp && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (isSelectorless ? 'RequireDualStack' : 'SingleStack')
  refuse(service, clusterIpErrors(spec, old?.spec))
  if (old?.spec) refuse(service, reduceToPolicy(spec, old.spec))
  refuse(service, [...singleStackErrors(spec), ...familiesOfAddresses(spec, families)])
  if (isSelectorless) {
    completeSelectorless(spec, families)
    return
  }
  refuse(service, clusterErrors(spec, families))
  if (!spec.ipFamilies?.length) spec.ipFamilies = [families[0]!]
  if (spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies.length === 1 && families.length === 2) {
    spec.ipFamilies.push(otherFamily(spec.ipFamilies[0]!))
  }
}

function refuse(service: Service, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: '', kind: 'Service' }, service.metadata?.name ?? '', errors)
}

/** The rest of a Service that prefers two stacks and is left as it was stays as it was. */
function keepsPreferDualStack(spec: ServiceSpec, old: Spec): boolean {
  if (spec.ipFamilyPolicy !== 'PreferDualStack' || old.type !== spec.type || spec.type === 'ExternalName') return false
  if (old.ipFamilyPolicy !== undefined && old.ipFamilyPolicy !== 'PreferDualStack') return false
  return sameList(old.clusterIPs, spec.clusterIPs) && sameList(old.ipFamilies, spec.ipFamilies)
}

export function sameList(left: readonly string[] = [], right: readonly string[] = []): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index])
}

/** A change to one stack gives up the second address and family; any other way to lose them is refused. */
function reduceToPolicy(spec: ServiceSpec, old: Spec): FieldError[] {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (sameList(old.clusterIPs, spec.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1) ?? []
    if (sameList(old.ipFamilies, spec.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1) ?? []
    return []
  }
  const errors: FieldError[] = []
  const path = 'spec.ipFamilyPolicy'
  if (isReduced(spec.clusterIPs, old.clusterIPs)) {
    const why = "must be 'SingleStack' to release the secondary cluster IP"
    errors.push(invalidField(path, spec.ipFamilyPolicy, why))
  }
  if (isReduced(spec.ipFamilies, old.ipFamilies)) {
    const why = "must be 'SingleStack' to release the secondary IP family"
    errors.push(invalidField(path, spec.ipFamilyPolicy, why))
  }
  return errors
}

function isReduced(list: readonly string[] = [], old: readonly string[] = []): boolean {
  return list.length === 1 && old.length === 2 && list[0] === old[0]
}

function singleStackErrors({ ipFamilyPolicy, clusterIPs, ipFamilies }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const errors: FieldError[] = []
  const why = (what: string) => `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`
  if (clusterIPs?.length === 2) errors.push(invalidField('spec.ipFamilyPolicy', ipFamilyPolicy, why('cluster IPs')))
  if (ipFamilies?.length === 2) errors.push(invalidField('spec.ipFamilyPolicy', ipFamilyPolicy, why('IP families')))
  return errors
}

/** An address that was asked for says its family. */
function familiesOfAddresses(spec: ServiceSpec, families: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === noClusterIp) break
    if (index < (spec.ipFamilies?.length ?? 0)) continue
    const { family } = parseIp(address)!
    if (families.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family]
    else {
      errors.push(
        invalidField(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${family} is not configured on this cluster`),
      )
    }
  }
  return errors
}

/** Headless and without selector: whoever writes its endpoints may use either family. */
function completeSelectorless(spec: ServiceSpec, families: readonly IpFamily[]): void {
  if (!spec.ipFamilies?.length) spec.ipFamilies = [families[0]!]
  if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
    spec.ipFamilies.push(otherFamily(spec.ipFamilies[0]!))
  }
}

function clusterErrors({ ipFamilyPolicy, ipFamilies = [] }: ServiceSpec, families: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = []
  if (ipFamilyPolicy === 'RequireDualStack' && families.length < 2) {
    const why = 'this cluster is not configured for dual-stack services'
    errors.push(invalidField('spec.ipFamilyPolicy', ipFamilyPolicy, why))
  }
  for (const [index, family] of ipFamilies.entries()) {
    if (families.some((known) => known === family)) continue
    errors.push(invalidField(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  }
  return errors
}

function otherFamily(family: string): IpFamily {
  return family === 'IPv4' ? 'IPv6' : 'IPv4'
}
