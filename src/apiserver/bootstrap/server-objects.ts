import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { KubeObject } from '../../machinery/object.ts'
import { formatMicroTime } from '../../machinery/time.ts'
import type { RequestHeaderOptions } from '../authentication/request-header.ts'

/** What this server is and serves. */
export interface ServerFacts {
  readonly hostname: string
  readonly advertiseAddress: string
  readonly port: number
  /** Such as `10.96.0.0/12`. */
  readonly serviceCidr: string
  /** Of the Service `kubernetes`: the first address of the range. */
  readonly serviceAddress: string
  /** PEM. */
  readonly clientCertificateAuthority: string
  readonly requestHeader?: RequestHeaderOptions
}

/** Where a server can be reached from Pods and other servers. */
export interface ServerAddress {
  readonly ip: string
  readonly port: number
}

const servicePort = 443
const leaseDurationSeconds = 3600

/** The range of Service addresses, and the Service by which Pods reach `servers`. After kube-apiserver's controllers. */
export function serviceObjects(
  { serviceCidr, serviceAddress, port }: ServerFacts,
  servers: readonly ServerAddress[],
): KubeObject[] {
  const reachable = servers.filter(({ ip }) => !isLoopback(ip))
  const objects: (KubeObject & Record<string, unknown>)[] = [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: [serviceCidr] },
      status: {
        conditions: [
          { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready' },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...serviceName, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        ports: [{ name: 'https', port: servicePort, targetPort: port, protocol: 'TCP' }],
        clusterIP: serviceAddress,
        type: 'ClusterIP',
        sessionAffinity: 'None',
        ipFamilyPolicy: 'SingleStack',
      },
    },
    ...(reachable.length === 0 ? [] : endpointObjects(reachable)),
  ]
  return objects
}

const serviceName = { name: 'kubernetes', namespace: 'default' }

/** A server that only its own machine can reach is no endpoint: the API refuses such addresses. */
function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

function endpointObjects(servers: readonly ServerAddress[]): (KubeObject & Record<string, unknown>)[] {
  const byPort = Map.groupBy(servers, ({ port }) => port)
  const portsOf = (port: number) => [{ name: 'https', port, protocol: 'TCP' }]
  // A slice has the same ports and the same family for all.
  const { ip: firstAddress, port: firstPort } = servers[0]!
  const sliced = byPort.get(firstPort)!.filter(({ ip }) => isIPv6(ip) === isIPv6(firstAddress))
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...serviceName, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [...byPort].map(([port, members]) => ({
        addresses: members.map(({ ip }) => ({ ip })),
        ports: portsOf(port),
      })),
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...serviceName, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: isIPv6(firstAddress) ? 'IPv6' : 'IPv4',
      endpoints: sliced.map(({ ip }) => ({ addresses: [ip], conditions: { ready: true } })),
      ports: portsOf(firstPort),
    },
  ]
}

/** Since when a token of a Secret's that is used leaves a mark: their cleaner counts unused years from there. */
export function tokenTrackingConfigMap(nowMs: number): KubeObject {
  const configMap: KubeObject & { data: Record<string, string> } = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
    data: { since: new Date(nowMs).toISOString().slice(0, 10) },
  }
  return configMap
}

/** What aggregated servers need to trust requests that this one passes on. */
export function authenticationConfigMap(facts: ServerFacts): KubeObject {
  const configMap: KubeObject & { data: Record<string, string> } = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': facts.clientCertificateAuthority,
      ...(facts.requestHeader && requestHeaderData(facts.requestHeader)),
    },
  }
  return configMap
}

/** After kubernetes pkg/controlplane/controller/clusterauthenticationtrust v1.36. */
function requestHeaderData(options: RequestHeaderOptions): Record<string, string> {
  return {
    'requestheader-allowed-names': JSON.stringify(options.allowedNames),
    'requestheader-client-ca-file': options.certificateAuthority,
    'requestheader-extra-headers-prefix': JSON.stringify(options.extraHeaderPrefixes),
    'requestheader-group-headers': JSON.stringify(options.groupHeaders),
    ...(options.uidHeaders.length > 0 && { 'requestheader-uid-headers': JSON.stringify(options.uidHeaders) }),
    'requestheader-username-headers': JSON.stringify(options.usernameHeaders),
  }
}

export const identityLabel = 'apiserver.kubernetes.io/identity'
const addressAnnotation = 'kubernetes.io/peer-advertise-address'

/** Where the server of an identity Lease is. */
export function advertisedAddress({ metadata }: KubeObject): ServerAddress | undefined {
  const [, ip, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(metadata?.annotations?.[addressAnnotation] ?? '') ?? []
  return ip && port ? { ip, port: Number(port) } : undefined
}

/** Under this server's own name: who sees it knows that the server is there. */
export function identityLease(
  { hostname, advertiseAddress, port }: ServerFacts,
  id: string,
  nowMs: number,
): KubeObject {
  const name = identityOf(hostname)
  const lease: KubeObject & { spec: object } = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace: 'kube-system',
      labels: { [identityLabel]: 'kube-apiserver', 'kubernetes.io/hostname': hostname },
      annotations: { [addressAnnotation]: `${advertiseAddress}:${port}` },
    },
    spec: {
      holderIdentity: `${name}_${id}`,
      leaseDurationSeconds,
      renewTime: formatMicroTime(nowMs),
    },
  }
  return lease
}

/** After apiserver server/config.go: a digest, so that the name of the machine need not be a valid name. */
export function identityOf(hostname: string): string {
  const digest = createHash('sha256').update(`${hostname}\0kube-apiserver`).digest('hex')
  return `apiserver-${digest.slice(0, 26)}`
}
