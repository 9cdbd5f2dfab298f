import { isIPv4, isIPv6 } from 'node:net'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'

/** Addresses and networks. After apimachinery util/validation ip.go. */

export const ipRule = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
export const cidrRule = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** Go's old parser: numbers of an IPv4 address may begin with zeros. */
function withoutLeadingZeros(address: string): string {
  return address.replace(/(^|\.)0+(?=\d)/g, '$1')
}

export function isLegacyIp(address: string): boolean {
  if (address.includes('%')) return false
  return isIPv6(address) || isIPv4(withoutLeadingZeros(address))
}

export function checkLegacyIp(address: string, path: string, errors: FieldError[]): void {
  if (!isLegacyIp(address)) errors.push(invalidField(path, address, ipRule))
}

/** The prefix length, or `undefined` when the text is no network. */
export function parseCidr(text: string): { address: string; bits: number; isV6: boolean } | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  if (!match) return undefined
  const address = withoutLeadingZeros(match[1]!)
  const bits = Number(match[2])
  const isV6 = isIPv6(address) && !address.includes('%')
  if (!isV6 && !isIPv4(address)) return undefined
  return bits <= (isV6 ? 128 : 32) ? { address, bits, isV6 } : undefined
}

export function checkLegacyCidr(text: string, path: string, errors: FieldError[]): void {
  if (!parseCidr(text)) errors.push(invalidField(path, text, cidrRule))
}
