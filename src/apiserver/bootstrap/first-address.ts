import ipaddr from 'ipaddr.js'

/** The first address of a range that may be given away: `10.96.0.1` of `10.96.0.0/12`. Throws for what is no range. */
export function firstAddress(cidr: string): string {
  const [address, bits] = ipaddr.parseCIDR(cidr)
  const bytes = address.toByteArray()
  for (let index = 0; index < bytes.length; index++) {
    const kept = Math.min(8, Math.max(0, bits - index * 8))
    bytes[index]! &= 0xff00 >> kept
  }
  bytes[bytes.length - 1]! |= 1
  return ipaddr.fromByteArray(bytes).toString()
}
