import ipaddr from 'ipaddr.js'

export type IpFamily = 'IPv4' | 'IPv6'

/** The addresses of a service network that Services can have, as numbers. */
export interface IpRange {
  /** As it was configured. */
  readonly cidr: string
  readonly family: IpFamily
  /** The network's own address. */
  readonly network: bigint
  readonly first: bigint
  readonly last: bigint
  /** Addresses from here on are given out first: the band below is left to those who ask for an address. */
  readonly dynamicFirst: bigint
}

const minReserved = 16n
const maxReserved = 256n

/** `10.96.0.0/16` as a range. Throws for what is no network. After ipallocator.go v1.36. */
export function parseIpRange(cidr: string): IpRange {
  const [address, bits] = ipaddr.parseCIDR(cidr)
  const family = address.kind() === 'ipv4' ? 'IPv4' : 'IPv6'
  const hostBits = BigInt((family === 'IPv4' ? 32 : 128) - bits)
  const size = 1n << hostBits
  const network = (numberOf(address) >> hostBits) << hostBits
  const first = network + 1n
  // The last address of an IPv4 network is its broadcast address.
  const last = network + size - (family === 'IPv4' ? 2n : 1n)
  const sixteenth = size / 16n
  const reserved = sixteenth < minReserved ? 0n : sixteenth > maxReserved ? maxReserved : sixteenth
  return { cidr, family, network, first, last, dynamicFirst: first + reserved }
}

/** Whether an address, as a number, lies in the network, its own and its broadcast address included. */
export function isWithin(address: bigint, { family, network, last }: IpRange): boolean {
  return address >= network && address <= (family === 'IPv4' ? last + 1n : last)
}

/** An address as a number, or undefined when it is none. */
export function parseIp(text: string): { readonly family: IpFamily; readonly value: bigint } | undefined {
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.parse(text)
  return { family: address.kind() === 'ipv4' ? 'IPv4' : 'IPv6', value: numberOf(address) }
}

export function formatIp(value: bigint, family: IpFamily): string {
  const length = family === 'IPv4' ? 4 : 16
  const bytes = Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 255n))
  const address = ipaddr.fromByteArray(bytes)
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
}

function numberOf(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
