import type { Chain } from '../platform/nftables/ruleset.ts'

/** The bit that says "masquerade me" between the hooks. kube-proxy's. */
const masqueradeMark = '0x4000'

/** What a rule does with a packet that is to get the node's address. */
export const masquerade = `mark set mark or ${masqueradeMark}`

interface BaseOptions {
  readonly clusterCidr: string
  readonly serviceCidrs: readonly string[]
}

/** The chains that are there whatever Services there are. After setupNFTables of pkg/proxy/nftables proxier.go v1.36. */
export function baseChains({ clusterCidr, serviceCidrs }: BaseOptions): [string, Chain][] {
  const destination = 'ip daddr . meta l4proto . th dport'
  // The node's addresses except the loopback: what comes in there could not be answered.
  const nodePort = 'ip daddr != 127.0.0.0/8 meta l4proto . th dport'
  const dropUnallocated = serviceCidrs.length > 0 ? [`ip daddr { ${serviceCidrs.join(', ')} } drop`] : []
  const refuse = 'ct state new jump service-endpoints-check'
  const check = 'ct state new jump cluster-ips-check'
  return [
    // A reset is not rate limited as ICMP is, so that a client never waits for a second try.
    chain('reject-chain', ['meta l4proto tcp reject with tcp reset', 'reject']),
    chain('service-endpoints-check', [`${destination} vmap @no-endpoint-services`]),
    chain('nodeport-endpoints-check', [`${nodePort} vmap @no-endpoint-nodeports`]),
    chain('firewall-check', [`${destination} vmap @firewall-ips`]),
    chain('cluster-ips-check', ['ip daddr @cluster-ips goto reject-chain', ...dropUnallocated]),
    chain('services', [
      `ip daddr @cluster-ips ip saddr != ${clusterCidr} ${masquerade}`,
      `${destination} vmap @service-ips`,
      `fib daddr type local ${nodePort} vmap @service-nodeports`,
    ]),
    chain('masquerading', [
      `mark and ${masqueradeMark} != 0 mark set mark xor ${masqueradeMark} masquerade fully-random`,
      // A Pod that reaches itself through its Service would else answer itself.
      'ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random',
    ]),
    base('filter-prerouting-pre-dnat', 'filter hook prerouting priority -110', ['ct state new jump firewall-check']),
    base('filter-output-pre-dnat', 'filter hook output priority -110', ['ct state new jump firewall-check']),
    base('filter-input', 'filter hook input priority 0', ['ct state new jump nodeport-endpoints-check', refuse]),
    base('filter-forward', 'filter hook forward priority 0', [refuse, check]),
    base('filter-output', 'filter hook output priority 0', [refuse, check]),
    base('nat-prerouting', 'nat hook prerouting priority -100', ['jump services']),
    base('nat-output', 'nat hook output priority -100', ['jump services']),
    base('nat-postrouting', 'nat hook postrouting priority 100', ['jump masquerading']),
  ]
}

function chain(name: string, rules: readonly string[]): [string, Chain] {
  return [name, { rules }]
}

function base(name: string, hook: string, rules: readonly string[]): [string, Chain] {
  return [name, { hook: `type ${hook}`, rules }]
}
