import type { ResourceRef } from '../api/resource-ref.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles, services } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { KubeObject } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'

/** The user name under which every node's DNS server reads the cluster. */
export const dnsUser = 'system:kubets:dns'
/** The port on which each node's DNS server listens on the node's address; the Service leads there. */
export const dnsPort = 10_053
export const dnsService = { namespace: 'kube-system', name: 'kube-dns' } as const

/** The address of the DNS Service: the tenth of the Service network, as everywhere. */
export function clusterDnsAddress(serviceCidr: string): string {
  return nthAddress(serviceCidr, 10)
}

/** The n-th IPv4 address of a network: the first Service address is that of `kubernetes`. */
export function nthAddress(cidr: string, n: number): string {
  const base = cidr.split('/')[0]!.split('.').map(Number)
  const value = base.reduce((total, byte) => total * 256 + byte, 0) + n
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

interface Addon {
  readonly resource: ResourceRef<KubeObject>
  readonly object: KubeObject
}

/** What a cluster of ours has beside what the API server makes by itself: the DNS Service and the rights behind it. */
function addons(serviceCidr: string): Addon[] {
  const addon = <T extends KubeObject>(resource: ResourceRef<T>, object: T): Addon => ({ resource, object })
  const { namespace } = dnsService
  const address = clusterDnsAddress(serviceCidr)
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }
  const group = 'rbac.authorization.k8s.io'
  const subjects = [{ apiGroup: group, kind: 'User', name: dnsUser }]
  return [
    addon(services, {
      metadata: { ...dnsService, labels },
      spec: {
        clusterIP: address,
        clusterIPs: [address],
        // Each node has a server of its own: no question leaves the node for another's.
        internalTrafficPolicy: 'Local',
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: dnsPort },
          { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: dnsPort },
        ],
      },
    }),
    addon(clusterRoles, {
      metadata: { name: dnsUser },
      rules: [
        { apiGroups: [''], resources: ['services', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    }),
    addon(clusterRoleBindings, {
      metadata: { name: dnsUser },
      subjects,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: dnsUser },
    }),
    addon(roles, {
      metadata: { name: dnsUser, namespace },
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['create', 'update', 'get'] }],
    }),
    addon(roleBindings, {
      metadata: { name: dnsUser, namespace },
      subjects,
      roleRef: { apiGroup: group, kind: 'Role', name: dnsUser },
    }),
  ]
}

/** Creates what is missing; what is there is left as it is, so that an operator's change stays. */
export async function ensureAddons(client: Client, serviceCidr: string): Promise<void> {
  await Promise.all(addons(serviceCidr).map((addon) => ensure(client, addon)))
}

async function ensure(client: Client, { resource, object }: Addon): Promise<void> {
  const { name = '', namespace } = object.metadata ?? {}
  try {
    await client.of(resource).get(name, namespace ? { namespace } : {})
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    await client.of(resource).create(object)
  }
}
