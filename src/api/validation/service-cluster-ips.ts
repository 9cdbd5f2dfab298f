import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { isHeadless, noClusterIp } from '../core/service-exposure.ts'
import type { ServiceSpec } from '../types/core/v1.ts'
import { checkOneOf } from './checks.ts'
import { checkLegacyIp, isDualStack, parseAddress } from './ip.ts'

/** The addresses and families of a Service. After ValidateServiceClusterIPsRelatedFields and its neighbours. */

type Spec = DeepReadonly<ServiceSpec>

const addressesPath = 'spec.clusterIPs'
const familiesPath = 'spec.ipFamilies'
const policyPath = 'spec.ipFamilyPolicy'

const ipFamilies = ['IPv4', 'IPv6']
const ipFamilyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

/** What is wrong with addresses and families together; asked for before addresses are allocated, and again after. */
export function clusterIpErrors(spec: Spec, old: Spec | undefined): FieldError[] {
  const errors: FieldError[] = []
  if (spec.type === 'ExternalName') return errors
  checkFirstAddress(spec, errors)
  checkFamilies(spec, errors)
  if (!checkAddresses(spec, old?.clusterIPs, errors)) return errors
  checkStacks(spec, errors)
  if (!isHeadless(spec)) checkAddressFamilies(spec, errors)
  return errors
}

/** `clusterIP` is the first of `clusterIPs`. */
function checkFirstAddress({ clusterIP = '', clusterIPs = [] }: Spec, errors: FieldError[]): void {
  if (clusterIP === '') {
    const why = 'must be empty when `clusterIP` is not specified'
    if (clusterIPs.length > 0) errors.push(invalidField(addressesPath, clusterIPs, why))
  } else if (clusterIPs.length === 0) errors.push(requiredField(addressesPath))
  else if (clusterIPs[0] !== clusterIP) {
    errors.push(invalidField(addressesPath, clusterIPs, 'first value must match `clusterIP`'))
  }
}

function checkFamilies({ ipFamilies: families = [], ipFamilyPolicy }: Spec, errors: FieldError[]): void {
  families.forEach((family, index) => {
    const path = `${familiesPath}[${index}]`
    if (!ipFamilies.includes(family)) errors.push(notSupportedField(path, family, ipFamilies))
    if (families.indexOf(family) < index) errors.push(duplicateField(path, family))
  })
  if (ipFamilyPolicy !== undefined) checkOneOf(ipFamilyPolicy, ipFamilyPolicies, policyPath, errors)
}

/** Whether all of them are addresses. */
function checkAddresses({ clusterIPs = [] }: Spec, old: readonly string[] | undefined, errors: FieldError[]): boolean {
  const before = errors.length
  clusterIPs.forEach((address, index) => {
    if (index > 0 || address !== noClusterIp) checkLegacyIp(address, `${addressesPath}[${index}]`, errors, old)
    else if (clusterIPs.length > 1) {
      errors.push(invalidField(addressesPath, clusterIPs, "'None' must be the first and only value"))
    }
  })
  const allValid = errors.length === before
  if (clusterIPs.length > 2) errors.push(invalidField(addressesPath, clusterIPs, 'may only hold up to 2 values'))
  return allValid
}

function checkStacks({ clusterIPs = [] }: Spec, errors: FieldError[]): void {
  const addresses = clusterIPs.map(parseAddress).filter((address) => address !== undefined)
  if (clusterIPs.length < 2 || isDualStack(addresses)) return
  errors.push(invalidField(addressesPath, clusterIPs, 'may specify no more than one IP for each IP family'))
}

function checkAddressFamilies({ clusterIPs = [], ipFamilies: families = [] }: Spec, errors: FieldError[]): void {
  clusterIPs.slice(0, families.length).forEach((address, index) => {
    const actual = parseAddress(address)?.isV6 ? 'IPv6' : 'IPv4'
    const family = families[index]!
    if (!ipFamilies.includes(family) || family === actual) return
    const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``
    errors.push(invalidField(`${addressesPath}[${index}]`, address, why))
  })
}

const unchangeable = 'may not change once set'

/** The first address stays for life; a second may come and go. After validateUpgradeDowngradeClusterIPs. */
export function checkClusterIpChange(spec: Spec, old: Spec, errors: FieldError[]): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || (isHeadless(spec) && isHeadless(old))) return
  const { clusterIPs = [], ipFamilyPolicy } = spec
  const before = old.clusterIPs ?? []
  const shown = spec.clusterIPs ?? null
  if (before.length === clusterIPs.length) {
    before.forEach((address, index) => {
      if (address !== clusterIPs[index]) errors.push(invalidField(`${addressesPath}[${index}]`, shown, unchangeable))
    })
    return
  }
  const first = `${addressesPath}[0]`
  const losesAll = before.length > clusterIPs.length && clusterIPs.length === 0
  if (losesAll) errors.push(invalidField(first, shown, 'primary clusterIP can not be unset'))
  else if (before.length > 0 && clusterIPs[0] !== before[0]) errors.push(invalidField(first, shown, unchangeable))
  if (before.length > clusterIPs.length && clusterIPs.length === 1 && ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP"
    errors.push(invalidField(policyPath, ipFamilyPolicy ?? null, why))
  }
}

/** As for addresses. After validateUpgradeDowngradeIPFamilies, which shows the addresses in places. */
export function checkFamilyChange(spec: Spec, old: Spec, errors: FieldError[]): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || isHeadless(spec) || isHeadless(old)) return
  const { ipFamilies: families = [], clusterIPs, ipFamilyPolicy } = spec
  const before = old.ipFamilies ?? []
  const first = `${familiesPath}[0]`
  if (before.length === families.length) {
    for (const [index, family] of before.entries()) {
      if (family !== families[index]) errors.push(invalidField(first, families, unchangeable))
    }
    return
  }
  const shrinks = before.length > families.length
  if (shrinks && !clusterIPs?.length) {
    errors.push(invalidField(first, spec.ipFamilies ?? null, 'primary ipFamily can not be unset'))
  }
  if (families.length > 0 && before.length > 0 && families[0] !== before[0]) {
    errors.push(invalidField(first, clusterIPs ?? null, unchangeable))
  }
  if (shrinks && families.length === 1 && ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary ipFamily"
    errors.push(invalidField(policyPath, ipFamilyPolicy ?? null, why))
  }
}
