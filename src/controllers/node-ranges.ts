import ipaddr from 'ipaddr.js'

/** The size of a node's range in each family. Upstream's --node-cidr-mask-size-ipv4 and -ipv6. */
const nodeMaskBits = { IPv4: 24, IPv6: 64 } as const
/** More ranges than this a network is not cut into, as upstream limits it. */
const maxRanges = 65_536

interface Range {
  readonly base: bigint
  readonly bits: number
  readonly family: 'IPv4' | 'IPv6'
}

/**
 * Cuts a cluster network into ranges of one size and keeps track of those taken: `10.244.0.0/16` yields
 * `10.244.0.0/24`, then `10.244.1.0/24`, … and begins again at the end. After nodeipam/ipam/cidrset cidr_set.go.
 */
export class NodeRanges {
  readonly #network: Range
  readonly #bits: number
  readonly #count: number
  readonly #taken = new Set<number>()
  #next = 0

  constructor(clusterCidr: string) {
    this.#network = parseRange(clusterCidr)
    this.#bits = Math.max(nodeMaskBits[this.#network.family], this.#network.bits)
    this.#count = Math.min(2 ** (this.#bits - this.#network.bits), maxRanges)
  }

  /** Takes the next free range; undefined when all are taken. */
  take(): string | undefined {
    for (let tried = 0; tried < this.#count; tried += 1) {
      const index = (this.#next + tried) % this.#count
      if (this.#taken.has(index)) continue
      this.#taken.add(index)
      this.#next = (index + 1) % this.#count
      return formatRange({
        ...this.#network,
        base: this.#network.base + (BigInt(index) << this.#shift),
        bits: this.#bits,
      })
    }
    return undefined
  }

  /** All that `cidr` touches is taken. A range of another network or family changes nothing. */
  occupy(cidr: string): void {
    for (const index of this.#indexesOf(cidr)) this.#taken.add(index)
  }

  release(cidr: string): void {
    for (const index of this.#indexesOf(cidr)) this.#taken.delete(index)
  }

  get #shift(): bigint {
    return BigInt(widthOf(this.#network) - this.#bits)
  }

  *#indexesOf(cidr: string): Generator<number> {
    const range = parseRange(cidr)
    if (range.family !== this.#network.family) return
    const lastAddress = range.base + (1n << BigInt(widthOf(range) - range.bits)) - 1n
    const indexOf = (address: bigint) => Number((address - this.#network.base) >> this.#shift)
    const last = Math.min(indexOf(lastAddress), this.#count - 1)
    for (let index = Math.max(0, indexOf(range.base)); index <= last; index += 1) yield index
  }
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
