import { type ClusterView, headlessEndpoints, isHeadless, isReady, type ServiceObject } from './cluster-view.ts'

/** A resource record of the few types a cluster answers. */
export type DnsRecord =
  | {
      readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'TXT'
      readonly name: string
      readonly ttl: number
      readonly data: string
    }
  | SrvRecord

export interface SrvRecord {
  readonly type: 'SRV'
  readonly name: string
  readonly ttl: number
  readonly data: SrvData
}

export interface SrvData {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

export interface Question {
  /** As asked, without the final dot. */
  readonly name: string
  readonly type: string
}

/** `forward`: the name is none of ours. NXDOMAIN: there is no such name; no error and no answers: not of this type. */
export type Resolution =
  | { readonly outcome: 'forward' }
  | {
      readonly outcome: 'answer'
      readonly rcode: 'NOERROR' | 'NXDOMAIN'
      readonly answers: readonly DnsRecord[]
      readonly additionals: readonly DnsRecord[]
    }

/** How long clients may keep an answer. CoreDNS's as kubeadm sets it up. */
export const ttlSeconds = 30

const weightOfAll = 100

/** The version of the specification, as `dns-version.cluster.local` tells. */
const schemaVersion = '1.1.0'

const notFound: Resolution = { outcome: 'answer', rcode: 'NXDOMAIN', answers: [], additionals: [] }
const noData: Resolution = { outcome: 'answer', rcode: 'NOERROR', answers: [], additionals: [] }

/**
 * Answers a question from what the cluster holds. Pure.
 * After the specification "Kubernetes DNS-Based Service Discovery", and CoreDNS plugin/kubernetes where it is silent.
 */
export function resolve(question: Question, clusterDomain: string, view: ClusterView): Resolution {
  const name = question.name.toLowerCase()
  if (name.endsWith('.in-addr.arpa') || name.endsWith('.ip6.arpa')) return resolveAddress(question, clusterDomain, view)
  if (name === clusterDomain) return noData
  if (!name.endsWith(`.${clusterDomain}`)) return { outcome: 'forward' }
  const labels = name.slice(0, -clusterDomain.length - 1).split('.')
  const last = labels.pop()
  if (last === 'dns-version' && labels.length === 0) return ofType(question, 'TXT', [schemaVersion])
  if (last === 'pod') return resolvePod(question, labels, view)
  if (last === 'svc') return resolveService({ question, labels, clusterDomain, view })
  return notFound
}

/** `10-0-0-7.namespace.pod`: the address says itself; nothing checks that such a Pod exists. */
function resolvePod(question: Question, labels: readonly string[], view: ClusterView): Resolution {
  const [address, namespace] = labels.length === 1 ? [undefined, labels[0]] : labels
  if (namespace === undefined) return noData
  if (!view.hasNamespace(namespace) || labels.length > 2) return notFound
  if (address === undefined) return noData
  const dotted = address.replaceAll('-', '.')
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(dotted)) return ofType(question, 'A', [dotted])
  const colons = address.replaceAll('-', ':')
  return /^[0-9a-f:]+$/.test(colons) && colons.includes(':') ? ofType(question, 'AAAA', [colons]) : notFound
}

interface ServiceQuestion {
  readonly question: Question
  /** What stands before `.svc.<domain>`, from left to right. */
  readonly labels: readonly string[]
  readonly clusterDomain: string
  readonly view: ClusterView
}

function resolveService({ question, labels, clusterDomain, view }: ServiceQuestion): Resolution {
  const [serviceName, namespace] = labels.length === 1 ? [undefined, labels[0]] : labels.slice(-2)
  if (namespace === undefined) return noData
  if (serviceName === undefined) return view.hasNamespace(namespace) ? noData : notFound
  const service = view.service(namespace, serviceName)
  if (!service) return notFound
  const zone = `${serviceName}.${namespace}.svc.${clusterDomain}`
  const before = labels.slice(0, -2)
  if (before.length === 0) return resolveWholeService(question, zone, service, view)
  if (service.spec?.type === 'ExternalName') return notFound
  if (before.length === 2) return resolvePort({ question, zone, service, view }, before)
  return before.length === 1 ? resolveEndpoint({ question, zone, service, view }, before[0]!) : notFound
}

function resolveWholeService(question: Question, zone: string, service: ServiceObject, view: ClusterView): Resolution {
  if (service.spec?.type === 'ExternalName') {
    const { externalName = '' } = service.spec
    return /^(A|AAAA|CNAME)$/.test(question.type) ? answer([record('CNAME', question.name, externalName)]) : noData
  }
  if (question.type === 'SRV') return resolvePort({ question, zone, service, view }, [])
  const endpoints = isHeadless(service) ? endpointsOf(service, view) : undefined
  if (endpoints?.length === 0) return notFound
  const addresses = endpoints ? endpoints.map(({ address }) => address) : clusterAddresses(service)
  return addressesOf(question, addresses)
}

interface Within {
  readonly question: Question
  readonly zone: string
  readonly service: ServiceObject
  readonly view: ClusterView
}

/** `hostname.service…`: one endpoint of a Service. CoreDNS tells those of any, not of headless ones alone. */
function resolveEndpoint({ question, service, view }: Within, hostname: string): Resolution {
  const addresses = endpointsOf(service, view).filter((endpoint) => endpoint.hostname === hostname)
  if (addresses.length === 0) return notFound
  return addressesOf(
    question,
    addresses.map(({ address }) => address),
  )
}

/** `_http._tcp.service…`: where a named port is served; asked for an address, those it is served at. */
function resolvePort({ question, zone, service, view }: Within, [port, protocol]: readonly string[]): Resolution {
  const wanted = (name: string, itsProtocol: string) =>
    (port === undefined || withoutUnderscore(port) === name) &&
    (protocol === undefined || withoutUnderscore(protocol) === itsProtocol.toLowerCase())
  const answers: SrvRecord[] = []
  const additionals: DnsRecord[] = []
  const add = (target: string, portNumber: number, addresses: readonly string[]) => {
    answers.push({
      type: 'SRV',
      name: question.name,
      ttl: ttlSeconds,
      data: { priority: 0, weight: weightOfAll, port: portNumber, target },
    })
    for (const address of addresses) additionals.push(record(addressType(address), target, address))
  }
  if (isHeadless(service)) {
    for (const { hostname, address, ports } of endpointsOf(service, view)) {
      for (const each of ports) if (wanted(each.name, each.protocol)) add(`${hostname}.${zone}`, each.port, [address])
    }
  } else {
    for (const { name = '', protocol: itsProtocol = 'TCP', port: portNumber } of service.spec?.ports ?? []) {
      if (wanted(name, itsProtocol)) add(zone, portNumber, clusterAddresses(service))
    }
  }
  if (answers.length === 0) return notFound
  if (question.type !== 'SRV') {
    return answer(
      unique(additionals.map((each): DnsRecord => ({ ...each, name: question.name }))).filter(
        ({ type }) => type === question.type,
      ),
    )
  }
  return { outcome: 'answer', rcode: 'NOERROR', answers: sharingWeight(answers), additionals: unique(additionals) }
}

function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label
}

/** All share the weight, and each has some. After CoreDNS plugin/backend_lookup.go SRV. */
function sharingWeight(answers: readonly SrvRecord[]): SrvRecord[] {
  const weight = Math.max(1, Math.floor(weightOfAll / answers.length))
  return answers.map((each) => ({ ...each, data: { ...each.data, weight } }))
}

/** Whose address is it? Endpoints have a name of their own only by hostname. Other addresses are asked elsewhere. */
function resolveAddress(question: Question, clusterDomain: string, view: ClusterView): Resolution {
  const address = addressOfReverseName(question.name)
  if (address === undefined) return { outcome: 'forward' }
  const services = view
    .servicesByAddress(address)
    .map((service) => `${service.metadata.name}.${service.metadata.namespace}`)
  const endpoints = view.endpointSlicesByAddress(address).flatMap((slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    const hostnames = (slice.endpoints ?? [])
      .filter((endpoint) => endpoint.addresses.includes(address) && isReady(endpoint))
      .flatMap(({ hostname }) => hostname ?? [])
    return service ? hostnames.map((hostname) => `${hostname}.${service}.${slice.metadata.namespace}`) : []
  })
  const names = services.length > 0 ? services : endpoints
  if (names.length === 0) return { outcome: 'forward' }
  return ofType(
    question,
    'PTR',
    [...new Set(names)].map((name) => `${name}.svc.${clusterDomain}`),
  )
}

/** `7.0.0.10.in-addr.arpa` is 10.0.0.7; `undefined` when the name is no whole address. */
export function addressOfReverseName(name: string): string | undefined {
  const labels = name.toLowerCase().split('.').slice(0, -2).reverse()
  if (name.toLowerCase().endsWith('.in-addr.arpa')) {
    return labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label)) ? labels.join('.') : undefined
  }
  if (labels.length !== 32 || !labels.every((label) => /^[0-9a-f]$/.test(label))) return undefined
  const groups = labels.join('').match(/.{4}/g) ?? []
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}

function endpointsOf(service: ServiceObject, view: ClusterView) {
  return headlessEndpoints(view.endpointSlices(service.metadata.namespace ?? '', service.metadata.name))
}

function clusterAddresses({ spec }: ServiceObject): readonly string[] {
  return spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : [])
}

function addressType(address: string): 'A' | 'AAAA' {
  return address.includes(':') ? 'AAAA' : 'A'
}

function addressesOf(question: Question, addresses: readonly string[]): Resolution {
  return answer(
    addresses
      .filter((address) => addressType(address) === question.type)
      .map((address) => record(addressType(address), question.name, address)),
  )
}

function ofType(question: Question, type: 'A' | 'AAAA' | 'PTR' | 'TXT', values: readonly string[]): Resolution {
  return question.type === type ? answer(values.map((value) => record(type, question.name, value))) : noData
}

function record(type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'TXT', name: string, data: string): DnsRecord {
  return { type, name, ttl: ttlSeconds, data }
}

function answer(answers: readonly DnsRecord[]): Resolution {
  return { outcome: 'answer', rcode: 'NOERROR', answers, additionals: [] }
}

function unique(records: readonly DnsRecord[]): DnsRecord[] {
  return [...new Map(records.map((each) => [JSON.stringify(each), each])).values()]
}
