import type { Node, Pod } from '../../../api/types/core/v1.ts'
import { nodes, pods } from '../../../api/types/resources.ts'
import { badRequest, notFound } from '../../../machinery/errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { StatusError } from '../../../machinery/status.ts'
import type { ClientTls, UpgradeTarget } from '../../../platform/http-upgrade.ts'
import type { Held, ObjectReader } from '../../object-reader.ts'

/** How the API server reaches kubelets. */
export interface KubeletClientOptions {
  /** The client certificate kubelets know, and the authority of theirs. Without one, theirs are not verified. */
  readonly tls: ClientTls
  /** For Nodes that report none. */
  readonly defaultPort: number
  /** Which address of a Node to take, best first. After kube-apiserver --kubelet-preferred-address-types. */
  readonly preferredAddressTypes: readonly string[]
}

export const defaultKubeletPort = 10250
export const defaultPreferredAddressTypes = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']

export interface KubeletEndpoint {
  readonly host: string
  readonly port: number
  readonly tls: ClientTls
  /** Whether the kubelet takes the newest WebSocket protocols itself. */
  readonly speaksWebSocket: boolean
}

/** A kubelet says so in its Node's status. After pkg/features ExtendWebSocketsToKubelet. */
const webSocketFeature = 'ExtendWebSocketsToKubelet'

export function requirePod(reader: ObjectReader, namespace: string, name: string): Held<Pod> {
  const pod = reader.get(pods, name, namespace)
  if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
  return pod
}

/** The container meant: the one named, or the only one there is. After registry/core/pod validateContainer. */
export function chooseContainer({ metadata, spec }: DeepReadonly<Pod>, wanted: string): string {
  const containers = spec?.containers ?? []
  const all = [...(spec?.initContainers ?? []), ...containers, ...(spec?.ephemeralContainers ?? [])]
  const names = all.map(({ name }) => name)
  if (wanted !== '') {
    if (names.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${metadata?.name}`)
  }
  if (containers.length === 1) return containers[0]!.name
  const choice = containers.length === 0 ? '' : `, choose one of: [${names.join(' ')}]`
  throw badRequest(`a container name must be specified for pod ${metadata?.name}${choice}`)
}

/** The name of the Pod's Node; 400 for a Pod that has none. */
export function requireNodeName({ metadata, spec }: DeepReadonly<Pod>): string {
  if (spec?.nodeName) return spec.nodeName
  throw badRequest(`pod ${metadata?.name} does not have a host assigned`)
}

/** `asResource`: upstream names a missing Node after the resource of the request, so `pods "node-1" not found`. */
export function kubeletEndpoint(
  reader: ObjectReader,
  kubelet: KubeletClientOptions,
  { nodeName, asResource }: { readonly nodeName: string; readonly asResource: string },
): KubeletEndpoint {
  const node = reader.get(nodes, nodeName)
  if (!node) throw notFound({ group: '', resource: asResource }, nodeName)
  const { tls } = kubelet
  return {
    host: preferredAddress(node, kubelet.preferredAddressTypes),
    port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port || kubelet.defaultPort,
    tls: tls.certificateAuthority === undefined ? { ...tls, insecureSkipVerify: true } : tls,
    speaksWebSocket: node.status?.declaredFeatures?.includes(webSocketFeature) ?? false,
  }
}

function preferredAddress({ status }: DeepReadonly<Node>, types: readonly string[]): string {
  const addresses = status?.addresses ?? []
  for (const type of types) {
    const match = addresses.find((address) => address.type === type)
    if (match) return match.address
  }
  const known = addresses.map(({ type }) => type).join(' ')
  throw new StatusError({ code: 500, message: `no preferred addresses found; known addresses: [${known}]` })
}

/** A path at the kubelet; `segments` are encoded. */
export function kubeletTarget(
  { host, port, tls }: KubeletEndpoint,
  segments: readonly string[],
  query: URLSearchParams,
): UpgradeTarget {
  const url = new URL(`https://${bracketed(host)}:${port}`)
  url.pathname = `/${segments.map(encodeURIComponent).join('/')}`
  url.search = query.toString()
  return { url, tls }
}

/** IPv6 addresses stand in brackets in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
