/** IP addresses and networks. After apiserver pkg/cel/library/ip.go and cidr.go v1.36. */

import {
  type FunctionDeclaration,
  globalFunction,
  type Implementation,
  memberFunction,
  memberOverload,
  overload,
} from '../declarations.ts'
import { boolType, type CelType, intType, opaqueType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Failure, Opaque } from '../values.ts'
import { type Address, addressText, type Prefix, parseAddress, parsePrefix } from './netip.ts'

export const ipType = opaqueType('net.IP')
export const cidrType = opaqueType('net.CIDR')

class IpValue extends Opaque {
  readonly type: CelType = ipType
  override readonly size: number
  readonly address: Address

  constructor(address: Address) {
    super()
    this.address = address
    this.size = address.length
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof IpValue ? Buffer.compare(this.address, other.address) === 0 : noSuchOverload
  }

  toString(): string {
    return addressText(this.address)
  }
}

class CidrValue extends Opaque {
  readonly type: CelType = cidrType
  override readonly size: number
  readonly prefix: Prefix

  constructor(prefix: Prefix) {
    super()
    this.prefix = prefix
    this.size = Math.ceil(prefix.bits / 8)
  }

  equals(other: CelValue): boolean | Failure {
    if (!(other instanceof CidrValue)) return noSuchOverload
    return this.prefix.bits === other.prefix.bits && Buffer.compare(this.prefix.address, other.prefix.address) === 0
  }

  toString(): string {
    return `${addressText(this.prefix.address)}/${this.prefix.bits}`
  }

  contains(address: Address): boolean {
    return address.length === this.prefix.address.length && agree(this.prefix.address, address, this.prefix.bits)
  }
}

/** Whether the first `bits` bits are the same. */
function agree(left: Address, right: Address, bits: number): boolean {
  return Buffer.compare(masked(left, bits), masked(right, bits)) === 0
}

function masked(address: Address, bits: number): Address {
  return address.map((byte, index) => byte & (0xff << Math.min(Math.max(8 * (index + 1) - bits, 0), 8)))
}

export const ipFunctions: readonly FunctionDeclaration[] = [
  {
    name: 'ip',
    overloads: [
      overload('string_to_ip', { arguments: [stringType], result: ipType, apply: (text) => parseIp(text) }),
      memberOverload('cidr_ip', {
        arguments: [cidrType],
        result: ipType,
        apply: onCidr(({ prefix }) => new IpValue(prefix.address)),
      }),
    ],
  },
  memberFunction('family', 'ip_family', {
    arguments: [ipType],
    result: intType,
    apply: onIp((address) => (address.length === 4 ? 4n : 6n)),
  }),
  globalFunction('ip.isCanonical', 'ip_is_canonical', {
    arguments: [stringType],
    result: boolType,
    apply: (text) => {
      const ip = parseIp(text)
      return ip instanceof IpValue ? ip.toString() === text : ip
    },
  }),
  globalFunction('isIP', 'is_ip', {
    arguments: [stringType],
    result: boolType,
    apply: (text) => parseIp(text) instanceof IpValue,
  }),
  ipTest('isUnspecified', 'ip_is_unspecified', (address) => address.every((byte) => byte === 0)),
  ipTest('isLoopback', 'ip_is_loopback', isLoopback),
  ipTest('isLinkLocalMulticast', 'ip_is_link_local_multicast', isLinkLocalMulticast),
  ipTest('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast),
  ipTest('isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast),
  globalFunction('string', 'ip_to_string', {
    arguments: [ipType],
    result: stringType,
    apply: (ip) => (ip instanceof IpValue ? ip.toString() : noSuchOverload),
  }),
]

export const cidrFunctions: readonly FunctionDeclaration[] = [
  globalFunction('cidr', 'string_to_cidr', {
    arguments: [stringType],
    result: cidrType,
    apply: (text) => parseCidr(text),
  }),
  globalFunction('isCIDR', 'is_cidr', {
    arguments: [stringType],
    result: boolType,
    apply: (text) => parseCidr(text) instanceof CidrValue,
  }),
  {
    name: 'containsIP',
    overloads: [
      memberOverload('cidr_contains_ip_string', {
        arguments: [cidrType, stringType],
        result: boolType,
        apply: (cidr, text) => containsIp(cidr, parseIp(text)),
      }),
      memberOverload('cidr_contains_ip_ip', { arguments: [cidrType, ipType], result: boolType, apply: containsIp }),
    ],
  },
  {
    name: 'containsCIDR',
    overloads: [
      memberOverload('cidr_contains_cidr_string', {
        arguments: [cidrType, stringType],
        result: boolType,
        apply: (cidr, text) => containsCidr(cidr, parseCidr(text)),
      }),
      memberOverload('cidr_contains_cidr', { arguments: [cidrType, cidrType], result: boolType, apply: containsCidr }),
    ],
  },
  memberFunction('prefixLength', 'cidr_prefix_length', {
    arguments: [cidrType],
    result: intType,
    apply: onCidr(({ prefix }) => BigInt(prefix.bits)),
  }),
  memberFunction('masked', 'cidr_masked', {
    arguments: [cidrType],
    result: cidrType,
    apply: onCidr(({ prefix: { address, bits } }) => new CidrValue({ address: masked(address, bits), bits })),
  }),
  globalFunction('string', 'cidr_to_string', {
    arguments: [cidrType],
    result: stringType,
    apply: (cidr) => (cidr instanceof CidrValue ? cidr.toString() : noSuchOverload),
  }),
]

function parseIp(text?: CelValue): CelValue {
  if (typeof text !== 'string') return noSuchOverload
  const address = parseAddress(text)
  if (typeof address === 'string') {
    return new Failure(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ${address}`)
  }
  if (address.zone !== '') return new Failure(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  if (isMapped(address.bytes)) return new Failure(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  return new IpValue(address.bytes)
}

function parseCidr(text?: CelValue): CelValue {
  if (typeof text !== 'string') return noSuchOverload
  const prefix = parsePrefix(text)
  const failed = 'network address parse error during conversion from string'
  if (typeof prefix === 'string') return new Failure(`${failed}: ${failed}: ${prefix}`)
  if (!isMapped(prefix.address)) return new CidrValue(prefix)
  return new Failure(`${failed}: IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
}

function isMapped(address: Address): boolean {
  return (
    address.length === 16 &&
    address.subarray(0, 10).every((byte) => byte === 0) &&
    address[10] === 0xff &&
    address[11] === 0xff
  )
}

function containsIp(cidr?: CelValue, ip?: CelValue): CelValue {
  if (ip instanceof Failure) return ip
  return cidr instanceof CidrValue && ip instanceof IpValue ? cidr.contains(ip.address) : noSuchOverload
}

function containsCidr(outer?: CelValue, inner?: CelValue): CelValue {
  if (inner instanceof Failure) return inner
  if (!(outer instanceof CidrValue) || !(inner instanceof CidrValue)) return noSuchOverload
  return outer.prefix.bits <= inner.prefix.bits && outer.contains(inner.prefix.address)
}

function ipTest(name: string, id: string, holds: (address: Address) => boolean): FunctionDeclaration {
  return memberFunction(name, id, { arguments: [ipType], result: boolType, apply: onIp(holds) })
}

function onIp(apply: (address: Address) => CelValue): Implementation {
  return (ip) => (ip instanceof IpValue ? apply(ip.address) : noSuchOverload)
}

function onCidr(apply: (cidr: CidrValue) => CelValue): Implementation {
  return (cidr) => (cidr instanceof CidrValue ? apply(cidr) : noSuchOverload)
}

function isLoopback(address: Address): boolean {
  if (address.length === 4) return address[0] === 127
  return address.subarray(0, 15).every((byte) => byte === 0) && address[15] === 1
}

function isLinkLocalMulticast(address: Address): boolean {
  if (address.length === 4) return address[0] === 224 && address[1] === 0 && address[2] === 0
  return address[0] === 0xff && (address[1]! & 0x0f) === 0x02
}

function isLinkLocalUnicast(address: Address): boolean {
  if (address.length === 4) return address[0] === 169 && address[1] === 254
  return address[0] === 0xfe && (address[1]! & 0xc0) === 0x80
}

function isMulticast(address: Address): boolean {
  return address.length === 4 ? (address[0]! & 0xf0) === 0xe0 : address[0] === 0xff
}

function isGlobalUnicast(address: Address): boolean {
  if (address.every((byte) => byte === 0)) return false
  if (address.length === 4 && address.every((byte) => byte === 255)) return false
  return !isLoopback(address) && !isMulticast(address) && !isLinkLocalUnicast(address)
}
