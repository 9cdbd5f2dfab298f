import ipaddr from 'ipaddr.js'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'

/** Addresses and networks. After apimachinery util/validation ip.go v1.36, strict as it is by default. */

export const ipRule = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
export const cidrRule = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

const v4Form = /^\d+\.\d+\.\d+\.\d+$/
const leadingZero = /(^|[.:])0+(?=\d+(\.|$))/g

export interface Address {
  /** An IPv4 address has 4, also one that is mapped into IPv6. */
  readonly bytes: readonly number[]
  readonly isV6: boolean
  /** Numbers of IPv4 begin with zeros, which some read as octal. */
  readonly hasLeadingZeros: boolean
  /** IPv4 written as IPv6: `::ffff:10.0.0.1`. */
  readonly isMapped: boolean
  /** As Go's net.IP prints it. */
  readonly canonical: string
}

/** Reads what Go's old parser does; `undefined` when it is no address. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes('%')) return undefined
  const plain = text.includes('.') ? text.replace(leadingZero, '$1') : text
  const hasLeadingZeros = plain !== text
  if (!plain.includes(':')) {
    if (!v4Form.test(plain) || !ipaddr.IPv4.isValid(plain)) return undefined
    return { bytes: ipaddr.IPv4.parse(plain).octets, isV6: false, hasLeadingZeros, isMapped: false, canonical: plain }
  }
  if (!ipaddr.IPv6.isValid(plain)) return undefined
  const address = ipaddr.IPv6.parse(plain)
  if (address.isIPv4MappedAddress()) {
    const mapped = address.toIPv4Address()
    return { bytes: mapped.octets, isV6: false, hasLeadingZeros, isMapped: true, canonical: mapped.toString() }
  }
  const canonical = address.toRFC5952String()
  return { bytes: address.toByteArray(), isV6: true, hasLeadingZeros, isMapped: false, canonical }
}

export function isLegacyIp(text: string): boolean {
  return parseAddress(text) !== undefined
}

/** The fast way for nearly every address there is: canonical IPv4. */
const plainV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/
const anyLeadingZero = /(^|\.)0\d/

/** An address; values in `old` may stay what they are. After IsValidIPForLegacyField. */
export function checkLegacyIp(text: string, path: string, errors: FieldError[], old: readonly string[] = []): void {
  if (plainV4.test(text) && !anyLeadingZero.test(text)) return
  if (!old.includes(text)) checkStrictIp(text, path, errors)
}

function checkStrictIp(text: string, path: string, errors: FieldError[]): Address | undefined {
  const address = parseAddress(text)
  if (!address) errors.push(invalidField(path, text, ipRule))
  else if (address.hasLeadingZeros) errors.push(invalidField(path, text, 'must not have leading 0s'))
  else if (address.isMapped) errors.push(invalidField(path, text, 'must not be an IPv4-mapped IPv6 address'))
  return address
}

/** An address written as Go would write it. After IsValidIP. */
export function checkCanonicalIp(text: string, path: string, errors: FieldError[]): void {
  const before = errors.length
  const address = checkStrictIp(text, path, errors)
  if (errors.length > before || !address || address.canonical === text) return
  errors.push(invalidField(path, text, canonicalRule(address.canonical)))
}

function canonicalRule(canonical: string): string {
  return `must be in canonical form (${JSON.stringify(canonical)})`
}

export interface Network {
  readonly address: Address
  readonly bits: number
  /** All of the network, the host's part cleared, as Go's net.IPNet prints it. */
  readonly canonical: string
  /** The address of the network. */
  readonly base: readonly number[]
  readonly hasLeadingZeros: boolean
}

/** Reads `10.0.0.0/8` as Go's old parser does; `undefined` when it is no network. */
export function parseCidr(text: string): Network | undefined {
  const match = /^([^/]+)\/(\d+)$/.exec(text)
  const address = match ? parseAddress(match[1]!) : undefined
  if (!match || !address) return undefined
  const bits = Number(match[2])
  // Bits of a mapped address count those of IPv6.
  const most = address.isV6 || address.isMapped ? 128 : 32
  if (bits > most) return undefined
  const kept = address.isMapped ? Math.max(0, bits - 96) : bits
  const base = address.bytes.map((byte, index) => byte & maskByte(kept - index * 8))
  const canonical = `${bytesText(base)}/${kept}`
  const hasLeadingZeros = address.hasLeadingZeros || /^0\d/.test(match[2]!)
  return { address, bits: kept, canonical, base, hasLeadingZeros }
}

function maskByte(bits: number): number {
  if (bits >= 8) return 0xff
  return bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff
}

function bytesText(bytes: readonly number[]): string {
  const address = ipaddr.fromByteArray([...bytes])
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
}

/** A network; values in `old` may stay what they are. After IsValidCIDRForLegacyField. */
export function checkLegacyCidr(text: string, path: string, errors: FieldError[], old: readonly string[] = []): void {
  if (!old.includes(text)) checkStrictCidr(text, path, errors)
}

function checkStrictCidr(text: string, path: string, errors: FieldError[]): Network | undefined {
  const network = parseCidr(text)
  const why = !network ? cidrRule : strictCidrError(network)
  if (why !== undefined) errors.push(invalidField(path, text, why))
  return network
}

function strictCidrError({ address, base, hasLeadingZeros }: Network): string | undefined {
  if (hasLeadingZeros) return 'must not have leading 0s in IP or prefix length'
  if (address.isMapped) return 'must not have an IPv4-mapped IPv6 address'
  const isWhole = address.bytes.every((byte, index) => byte === base[index])
  return isWhole ? undefined : 'must not have bits set beyond the prefix length'
}

/** A network written as Go would write it. After IsValidCIDR. */
export function checkCanonicalCidr(text: string, path: string, errors: FieldError[]): void {
  const before = errors.length
  const network = checkStrictCidr(text, path, errors)
  if (errors.length > before || !network || network.canonical === text) return
  errors.push(invalidField(path, text, canonicalRule(network.canonical)))
}

/** Whether all addresses of one network are in the other, which is no larger. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  if (outer.base.length !== inner.base.length || outer.bits > inner.bits) return false
  return inner.base.every((byte, index) => (byte & maskByte(outer.bits - index * 8)) === outer.base[index])
}

/** Whether there is one of each family, as in Go's IsDualStack…. */
export function isDualStack(families: readonly { readonly isV6: boolean }[]): boolean {
  return families.some(({ isV6 }) => isV6) && families.some(({ isV6 }) => !isV6)
}

/** Addresses that reach no other machine. After pkg/apis/core/validation ValidateEndpointIP. */
export function checkEndpointIp(text: string, path: string, errors: FieldError[]): void {
  const address = parseAddress(text)
  if (!address) return void errors.push(invalidField(path, text, 'must be a valid IP address'))
  const why = unreachableReason(address, text)
  if (why !== undefined) errors.push(invalidField(path, text, why))
}

function unreachableReason({ bytes, isV6 }: Address, text: string): string | undefined {
  const [first = 0, second = 0, third = 0] = bytes
  const rest = bytes.slice(0, -1).every((byte) => byte === 0)
  if (bytes.every((byte) => byte === 0)) return `may not be unspecified (${text})`
  if (isV6 ? rest && bytes.at(-1) === 1 : first === 127) {
    return 'may not be in the loopback range (127.0.0.0/8, ::1/128)'
  }
  if (isV6 ? first === 0xfe && (second & 0xc0) === 0x80 : first === 169 && second === 254) {
    return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'
  }
  const isMulticast = isV6 ? first === 0xff && (second & 0x0f) === 2 : first === 224 && second === 0 && third === 0
  return isMulticast ? 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)' : undefined
}

/** What is odd about an address that is let pass. After GetWarningsForIP. */
export function ipWarnings(text: string, path: string): string[] {
  const address = parseAddress(text)
  if (!address) return []
  const shown = JSON.stringify(text)
  const canonical = JSON.stringify(address.canonical)
  if (address.hasLeadingZeros || address.isMapped) {
    return [`${path}: non-standard IP address ${shown} is invalid: use ${canonical}`]
  }
  if (!address.isV6 || address.canonical === text) return []
  return [`${path}: IPv6 address ${shown} should be in RFC 5952 canonical format (${canonical})`]
}

/** What is odd about a network that is let pass. After GetWarningsForCIDR. */
export function cidrWarnings(text: string, path: string): string[] {
  const network = parseCidr(text)
  if (!network) return []
  const { address, base, canonical, hasLeadingZeros } = network
  const shown = JSON.stringify(text)
  const warnings: string[] = []
  if (address.bytes.some((byte, index) => byte !== base[index])) {
    const single = `${address.canonical}/${address.isV6 ? 128 : 32}`
    const choice = `${JSON.stringify(canonical)} or ${JSON.stringify(single)}`
    warnings.push(`${path}: CIDR value ${shown} is ambiguous in this context (should be ${choice}?)`)
  }
  if (hasLeadingZeros || address.isMapped) {
    warnings.push(`${path}: non-standard CIDR value ${shown} is invalid: use ${JSON.stringify(canonical)}`)
  }
  const prefix = `${address.canonical}/${network.bits}`
  if (warnings.length === 0 && address.isV6 && prefix !== text) {
    const canonicalText = JSON.stringify(prefix)
    warnings.push(`${path}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${canonicalText})`)
  }
  return warnings
}
