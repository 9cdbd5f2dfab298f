import { isHostNetwork, namespaceOf, type ReadonlyPod } from '../pod/pod.ts'

export interface DnsConfig {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

/** The limits of the C library, which upstream applies: kubelet v1.36 network/dns. */
const maxServers = 3
const maxSearches = 32

/** The resolver configuration of a Pod. After kubelet v1.36 network/dns/dns.go GetPodDNS. */
export function podDns(options: {
  pod: ReadonlyPod
  clusterDns: readonly string[]
  clusterDomain: string
  /** The node's own, from its /etc/resolv.conf. */
  node: DnsConfig
}): DnsConfig {
  const { pod } = options
  const base = baseDns(options)
  const { nameservers = [], searches = [], options: extra = [] } = pod.spec?.dnsConfig ?? {}
  const settings = new Map(base.options.map((option) => [option.split(':')[0]!, option]))
  for (const { name = '', value } of extra) settings.set(name, value ? `${name}:${value}` : name)
  return {
    servers: unique([...base.servers, ...nameservers]).slice(0, maxServers),
    searches: unique([...base.searches, ...searches]).slice(0, maxSearches),
    options: [...settings.values()],
  }
}

function baseDns(options: {
  pod: ReadonlyPod
  clusterDns: readonly string[]
  clusterDomain: string
  node: DnsConfig
}): DnsConfig {
  const { pod, clusterDns, clusterDomain, node } = options
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'None') return { servers: [], searches: [], options: [] }
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod))
  if (!cluster || clusterDns.length === 0) return node
  const namespace = namespaceOf(pod)
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
  return { servers: clusterDns, searches: [...searches, ...node.searches], options: ['ndots:5'] }
}

/** Reads resolv.conf(5); the last `search` line counts. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = []
  const options: string[] = []
  let searches: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'nameserver' && values[0]) servers.push(values[0])
    else if (keyword === 'search') searches = values.filter((name) => name !== '.')
    else if (keyword === 'options') options.push(...values)
  }
  return { servers, searches, options }
}

const unique = (values: readonly string[]) => [...new Set(values)]
