import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { EndpointAddress, Endpoints } from '../../../api/types/core/v1.ts'
import { endpoints, pods, services } from '../../../api/types/resources.ts'
import { badRequest, notFound, serviceUnavailable } from '../../../machinery/errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { passUpgrade, type UpgradeTarget } from '../../../platform/http-upgrade.ts'
import type { ObjectReader } from '../../object-reader.ts'
import type { RequestContext } from '../../request.ts'
import { admitConnect } from './connect-admission.ts'
import { forwardableHeaders, upgradeAnswer, wantsUpgrade } from './connect-answer.ts'
import type { ConnectOptions } from './connect-dependencies.ts'
import { bracketed, kubeletEndpoint, requirePod } from './connect-location.ts'
import type { SubresourceHandler, SubresourceTarget } from './handler.ts'
import { proxyHttp } from './proxy-http.ts'

/** Where a proxied request goes, without path and query. */
type Locate = (target: SubresourceTarget) => Promise<UpgradeTarget>

/** `pods/proxy`. After registry/core/pod/rest ProxyREST. */
export function podProxyHandler(options: ConnectOptions): SubresourceHandler {
  return proxyHandler(options, 'PodProxyOptions', async ({ namespace, name }) =>
    podLocation(options.reader, namespace, name),
  )
}

/** `services/proxy`. After registry/core/service/proxy.go. */
export function serviceProxyHandler(options: ConnectOptions): SubresourceHandler {
  return proxyHandler(options, 'ServiceProxyOptions', async ({ namespace, name }) =>
    serviceLocation(options.reader, namespace, name),
  )
}

/** `nodes/proxy`. After registry/core/node/rest ProxyREST. */
export function nodeProxyHandler(options: ConnectOptions): SubresourceHandler {
  return proxyHandler(options, 'NodeProxyOptions', ({ name }) => nodeLocation(options, name))
}

function proxyHandler({ admission }: ConnectOptions, kind: string, locate: Locate): SubresourceHandler {
  return async (context, target) => {
    const path = `/${context.info.trailingPath.replace(/^\//, '')}`
    await admitConnect(admission, context, target, { kind, apiVersion: 'v1', path } as { kind: string })
    const { url, ...location } = await locate(target)
    const redirect = redirectToRoot(context)
    if (redirect !== undefined) return { kind: 'bytes', status: 301, headers: { Location: redirect }, body: '' }
    url.pathname = path
    url.search = context.query.toString()
    if (!wantsUpgrade(context))
      return { kind: 'takeover', run: (connection) => proxyHttp(connection, { url, ...location }) }
    return upgradeAnswer((client) =>
      passUpgrade(client, { url, ...location, headers: forwardableHeaders(client.request.rawHeaders) }),
    )
  }
}

/** Without the slash at the end, relative links of the page would lead elsewhere: https://issue.k8s.io/4958. */
function redirectToRoot({ method, path, query, info }: RequestContext): string | undefined {
  const read = method === 'GET' || method === 'HEAD'
  if (!read || info.trailingPath !== '' || path.endsWith('/')) return undefined
  return query.size === 0 ? `${path}/` : `${path}/?${query}`
}

interface SchemeNamePort {
  readonly scheme: 'http' | 'https'
  readonly name: string
  readonly port: string
}

/** `name`, `name:port` or `scheme:name:port`. After apimachinery util/net SplitSchemeNamePort. */
export function splitSchemeNamePort(id: string): SchemeNamePort | undefined {
  const parts = id.split(':')
  if (parts.length > 3) return undefined
  const scheme = parts.length === 3 ? parts[0]! : ''
  const [name = '', port = ''] = parts.length === 3 ? parts.slice(1) : parts
  if (name === '' || (scheme !== '' && scheme !== 'http' && scheme !== 'https')) return undefined
  return { scheme: scheme || 'http', name, port }
}

function requireId(kind: string, id: string): SchemeNamePort {
  const parts = splitSchemeNamePort(id)
  if (!parts) throw badRequest(`invalid ${kind} request ${JSON.stringify(id)}`)
  return parts
}

function podLocation(reader: ObjectReader, namespace: string, id: string): UpgradeTarget {
  const { scheme, name, port } = requireId('pod', id)
  const pod = requirePod(reader, namespace, name)
  const declared = pod.spec?.containers?.flatMap(({ ports }) => ports ?? [])[0]?.containerPort
  const address = pod.status?.podIPs?.[0]?.ip ?? ''
  if (!isGlobalUnicast(address)) throw badRequest('address not allowed')
  return locationOf(scheme, address, port || String(declared ?? ''))
}

function serviceLocation(reader: ObjectReader, namespace: string, id: string): UpgradeTarget {
  const { scheme, name, port } = requireId('service', id)
  const portName = /^\d+$/.test(port) ? servicePortName(reader, { namespace, name }, Number(port)) : port
  const found = reader.get(endpoints, name, namespace)
  // Upstream names the resource of the request, not the one it looked for.
  if (!found) throw notFound({ group: '', resource: 'services' }, name)
  const location = pickEndpoint(found, portName, (address) => isPodAddress(reader, address))
  const none = found.subsets?.length ? id : name
  if (!location) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(none)}`)
  return locationOf(scheme, location.ip, String(location.port))
}

/** Endpoints name their ports as the Service does, so a number is looked up there first. */
function servicePortName(
  reader: ObjectReader,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  port: number,
): string {
  const service = reader.get(services, name, namespace)
  if (!service) throw notFound({ group: '', resource: 'services' }, name)
  const declared = service.spec?.ports?.find((candidate) => candidate.port === port)
  if (!declared) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`)
  return declared.name ?? ''
}

/** One at random of the addresses that have the port and are Pods. */
function pickEndpoint(
  { subsets = [] }: DeepReadonly<Endpoints>,
  portName: string,
  isAllowed: (address: DeepReadonly<EndpointAddress>) => boolean,
): { readonly ip: string; readonly port: number } | undefined {
  const candidates = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const port = ports.find(({ name = '' }) => name === portName)
    return port ? addresses.filter(isAllowed).map(({ ip }) => ({ ip, port: port.port })) : []
  })
  return candidates[Math.floor(Math.random() * candidates.length)]
}

/** Endpoints can be written by hand; the API server is no way into other networks. After service isValidAddress. */
function isPodAddress(reader: ObjectReader, { ip, targetRef }: DeepReadonly<EndpointAddress>): boolean {
  if (targetRef?.kind !== 'Pod' || !targetRef.name) return false
  const pod = reader.get(pods, targetRef.name, targetRef.namespace)
  return pod?.status?.podIPs?.some((podIp) => podIp.ip === ip) ?? false
}

async function nodeLocation({ reader, kubelet }: ConnectOptions, id: string): Promise<UpgradeTarget> {
  const { scheme, name, port } = requireId('node', id)
  const endpoint = kubeletEndpoint(reader, kubelet, { nodeName: name, asResource: 'nodes' })
  await requireProxyable(endpoint.host)
  if (port !== '' && port !== String(endpoint.port)) return locationOf(scheme, endpoint.host, port)
  return { ...locationOf('https', endpoint.host, String(endpoint.port)), tls: endpoint.tls }
}

/** A Node's address is what its kubelet says, and must not lead to this machine's own services. */
async function requireProxyable(host: string): Promise<void> {
  const addresses = isIP(host) ? [{ address: host }] : await resolve(host)
  if (addresses.length === 0) throw badRequest('no addresses for hostname')
  if (!addresses.every(({ address }) => isGlobalUnicast(address))) throw badRequest('address not allowed')
}

async function resolve(host: string): Promise<readonly { readonly address: string }[]> {
  try {
    return await lookup(host, { all: true })
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error))
  }
}

const notGlobalUnicast = ['loopback', 'unspecified', 'linkLocal', 'multicast', 'broadcast']

function isGlobalUnicast(address: string): boolean {
  return ipaddr.isValid(address) && !notGlobalUnicast.includes(ipaddr.process(address).range())
}

/** Certificates of Pods and Services are their own affair: upstream does not verify them either. */
function locationOf(scheme: string, host: string, port: string): UpgradeTarget {
  const url = URL.parse(`${scheme}://${bracketed(host)}${port === '' ? '' : `:${port}`}`)
  if (!url) throw badRequest(`invalid port ${JSON.stringify(port)}`)
  return { url, tls: { insecureSkipVerify: true } }
}
