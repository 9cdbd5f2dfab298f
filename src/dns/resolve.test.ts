import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterView, EndpointSliceObject, ServiceObject } from './cluster-view.ts'
import { resolve } from './resolve.ts'

const identity = { uid: 'u', resourceVersion: '1' }
const services: ServiceObject[] = [
  {
    metadata: { name: 'web', namespace: 'shop', ...identity },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::9'], ports: [{ name: 'http', port: 80 }] },
  },
  { metadata: { name: 'db', namespace: 'shop', ...identity }, spec: { clusterIP: 'None', clusterIPs: ['None'] } },
  { metadata: { name: 'empty', namespace: 'shop', ...identity }, spec: { clusterIP: 'None', clusterIPs: ['None'] } },
  {
    metadata: { name: 'out', namespace: 'shop', ...identity },
    spec: { type: 'ExternalName', externalName: 'example.org' },
  },
]
const slices: EndpointSliceObject[] = [
  {
    metadata: { name: 'db-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'db' }, ...identity },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.244.0.5'], hostname: 'db-0' },
      { addresses: ['10.244.0.6'], conditions: { ready: true } },
      { addresses: ['10.244.0.7'], conditions: { ready: false } },
    ],
    ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }],
  },
]
const view: ClusterView = {
  service: (namespace, name) =>
    services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
  hasNamespace: (name) => name === 'shop',
  endpointSlices: (_, service) =>
    slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service),
  servicesByAddress: (address) => services.filter(({ spec }) => spec?.clusterIPs?.includes(address)),
  endpointSlicesByAddress: (address) =>
    slices.filter(({ endpoints }) => endpoints?.some(({ addresses }) => addresses.includes(address))),
}

/** What comes back: the data of the records, a response code, or `forward`. */
const cases: { ask: string; type?: string; want: readonly string[] | 'NXDOMAIN' | 'forward' }[] = [
  { ask: 'web.shop.svc.cluster.local', want: ['10.96.0.9'] },
  { ask: 'WEB.Shop.SVC.cluster.local', want: ['10.96.0.9'] },
  { ask: 'web.shop.svc.cluster.local', type: 'AAAA', want: ['fd00::9'] },
  { ask: 'web.shop.svc.cluster.local', type: 'TXT', want: [] },
  { ask: '_http._tcp.web.shop.svc.cluster.local', type: 'SRV', want: ['0 100 80 web.shop.svc.cluster.local'] },
  { ask: '_http._tcp.web.shop.svc.cluster.local', want: ['10.96.0.9'] },
  { ask: '_http._tcp.web.shop.svc.cluster.local', type: 'AAAA', want: ['fd00::9'] },
  { ask: '_http._tcp.web.shop.svc.cluster.local', type: 'TXT', want: [] },
  { ask: '_sql._tcp.db.shop.svc.cluster.local', want: ['10.244.0.5', '10.244.0.6'] },
  { ask: '_http._tcp.out.shop.svc.cluster.local', type: 'SRV', want: 'NXDOMAIN' },
  { ask: '*.*.web.shop.svc.cluster.local', type: 'SRV', want: 'NXDOMAIN' },
  { ask: '_https._tcp.web.shop.svc.cluster.local', type: 'SRV', want: 'NXDOMAIN' },
  { ask: 'db.shop.svc.cluster.local', want: ['10.244.0.5', '10.244.0.6'] },
  { ask: 'db.shop.svc.cluster.local', type: 'AAAA', want: [] },
  { ask: 'db-0.db.shop.svc.cluster.local', want: ['10.244.0.5'] },
  { ask: '10-244-0-6.db.shop.svc.cluster.local', want: ['10.244.0.6'] },
  { ask: 'db-1.db.shop.svc.cluster.local', want: 'NXDOMAIN' },
  {
    ask: '_sql._tcp.db.shop.svc.cluster.local',
    type: 'SRV',
    want: ['0 50 5432 db-0.db.shop.svc.cluster.local', '0 50 5432 10-244-0-6.db.shop.svc.cluster.local'],
  },
  { ask: 'empty.shop.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: 'out.shop.svc.cluster.local', want: ['example.org'] },
  { ask: 'none.shop.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: 'web.nowhere.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: 'shop.svc.cluster.local', want: [] },
  { ask: 'svc.cluster.local', want: [] },
  { ask: 'cluster.local', want: [] },
  { ask: 'web.cluster.local', want: 'NXDOMAIN' },
  { ask: '10-244-0-5.shop.pod.cluster.local', want: ['10.244.0.5'] },
  { ask: '10-244-0-5.nowhere.pod.cluster.local', want: 'NXDOMAIN' },
  { ask: 'dns-version.cluster.local', type: 'TXT', want: ['1.1.0'] },
  { ask: '9.0.96.10.in-addr.arpa', type: 'PTR', want: ['web.shop.svc.cluster.local'] },
  { ask: '5.0.244.10.in-addr.arpa', type: 'PTR', want: ['db-0.db.shop.svc.cluster.local'] },
  { ask: '6.0.244.10.in-addr.arpa', type: 'PTR', want: 'forward' },
  { ask: '7.0.244.10.in-addr.arpa', type: 'PTR', want: 'forward' },
  { ask: '*.shop.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: '*.db.shop.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: 'web.shop.svc.cluster.local.default.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: 'web.shop.svc.svc.cluster.local', want: 'NXDOMAIN' },
  { ask: '1.0.0.127.in-addr.arpa', type: 'PTR', want: 'forward' },
  { ask: 'example.org', want: 'forward' },
  { ask: 'notcluster.local', want: 'forward' },
]

for (const { ask, type = 'A', want } of cases) {
  test(`${type} ${ask}`, () => {
    const resolution = resolve({ name: ask, type }, 'cluster.local', view)
    if (resolution.outcome === 'forward') return assert.equal('forward', want)
    const data = resolution.answers.map((answer) => {
      if (answer.type !== 'SRV') return answer.data
      const { priority, weight, port, target } = answer.data
      return `${priority} ${weight} ${port} ${target}`
    })
    assert.deepEqual(resolution.rcode === 'NXDOMAIN' ? 'NXDOMAIN' : data, want)
  })
}

test('an SRV answer brings the addresses of its targets along', () => {
  const resolution = resolve({ name: '_sql._tcp.db.shop.svc.cluster.local', type: 'SRV' }, 'cluster.local', view)
  assert.deepEqual(
    resolution.outcome === 'answer' && resolution.additionals.map(({ name, data }) => `${name} ${String(data)}`),
    ['db-0.db.shop.svc.cluster.local 10.244.0.5', '10-244-0-6.db.shop.svc.cluster.local 10.244.0.6'],
  )
})
