import ipaddr from 'ipaddr.js'

/** The size of a node's range in each family. Upstream's --node-cidr-mask-size-ipv4 and -ipv6. */
const nodeMaskBits = { IPv4: 24, IPv6: 64 } as const
/** More ranges than this are never tried: a cluster network of 2^16 nodes, as upstream limits it. */
const maxRanges = 65_536

interface Range {
  readonly base: bigint
  readonly bits: number
  readonly family: 'IPv4' | 'IPv6'
}

/**
 * The first range of each cluster network that no node has, or undefined when one of the networks is used up.
 * `10.244.0.0/16` yields `10.244.0.0/24`, then `10.244.1.0/24`, … After nodeipam range_allocator.go.
 */
export function freeRanges(clusterCidrs: readonly string[], taken: readonly string[]): string[] | undefined {
  const used = taken.map(parseRange)
  const ranges = clusterCidrs.map((cidr) => firstFree(parseRange(cidr), used))
  return ranges.every((range) => range !== undefined) ? ranges.map(formatRange) : undefined
}

function firstFree(network: Range, used: readonly Range[]): Range | undefined {
  const bits = Math.max(nodeMaskBits[network.family], network.bits)
  const step = 1n << BigInt(widthOf(network) - bits)
  const count = Math.min(2 ** (bits - network.bits), maxRanges)
  const sameFamily = used.filter(({ family }) => family === network.family)
  const takenBases = new Set(sameFamily.filter((range) => range.bits === bits).map(({ base }) => base))
  const others = sameFamily.filter((range) => range.bits !== bits)
  for (let index = 0; index < count; index += 1) {
    const range: Range = { base: network.base + BigInt(index) * step, bits, family: network.family }
    if (!takenBases.has(range.base) && !others.some((other) => overlaps(range, other))) return range
  }
  return undefined
}

function overlaps(a: Range, b: Range): boolean {
  const shift = BigInt(widthOf(a) - Math.min(a.bits, b.bits))
  return a.base >> shift === b.base >> shift
}

function widthOf({ family }: Range): number {
  return family === 'IPv4' ? 32 : 128
}

function parseRange(cidr: string): Range {
  const [address, bits] = ipaddr.parseCIDR(cidr)
  const value = address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const family = address.kind() === 'ipv4' ? 'IPv4' : 'IPv6'
  const hostBits = BigInt((family === 'IPv4' ? 32 : 128) - bits)
  return { base: (value >> hostBits) << hostBits, bits, family }
}

function formatRange({ base, bits, family }: Range): string {
  const length = family === 'IPv4' ? 4 : 16
  const bytes = Array.from({ length }, (_, index) => Number((base >> BigInt(8 * (length - 1 - index))) & 0xffn))
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}
