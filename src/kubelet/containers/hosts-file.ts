import type { HostAlias } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

export interface HostsView {
  readonly podIps: readonly string[]
  readonly hostname: string
  /** The domain that a subdomain gives: `sub.ns.svc.cluster.local`, or empty. */
  readonly hostDomain: string
  readonly hostAliases: readonly DeepReadonly<HostAlias>[]
  /** The node's own file, for Pods in its network. */
  readonly nodeHosts?: string
}

const ownHosts = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`

/** The text of a Pod's /etc/hosts. After kubelet v1.36 kubelet_pods.go managedHostsFileContent. */
export function hostsFile(view: HostsView): string {
  const { podIps, hostname, hostDomain, hostAliases, nodeHosts } = view
  const aliases = aliasLines(hostAliases)
  if (nodeHosts !== undefined) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${aliases}`
  const names = hostDomain === '' ? hostname : `${hostname}.${hostDomain}\t${hostname}`
  return `${ownHosts}${podIps.map((ip) => `${ip}\t${names}\n`).join('')}${aliases}`
}

function aliasLines(aliases: readonly DeepReadonly<HostAlias>[]): string {
  if (aliases.length === 0) return ''
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`)
  return `\n# Entries added by HostAliases.\n${lines.join('')}`
}

/** A Pod's hostname and domain. After kubelet v1.36 GeneratePodHostNameAndDomain. */
export function hostnameAndDomain(options: {
  name: string
  namespace: string
  hostname: string | undefined
  subdomain: string | undefined
  clusterDomain: string
}): { hostname: string; hostDomain: string } {
  const { name, namespace, subdomain, clusterDomain } = options
  // A hostname has 63 characters; what is cut off must not end in a dash or dot.
  const hostname = options.hostname || name.slice(0, 63).replace(/[-.]+$/, '')
  return { hostname, hostDomain: subdomain ? `${subdomain}.${namespace}.svc.${clusterDomain}` : '' }
}
