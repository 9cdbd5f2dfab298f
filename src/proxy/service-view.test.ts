import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildService, buildSlice } from '../../test/support/services.ts'
import type { ServiceSpec } from '../api/types/core/v1.ts'
import type { Endpoint } from '../api/types/discovery/v1.ts'
import type { EndpointSliceObject } from './endpoints.ts'
import { type ServiceObject, serviceView } from './service-view.ts'

const view = (services: ServiceObject[], endpointSlices: EndpointSliceObject[]) =>
  serviceView({ services, endpointSlices, nodeName: 'here', zone: 'z1' })

const ready = (address: string, more: Partial<Endpoint> = {}): Endpoint => ({ addresses: [address], ...more })
const ending = (address: string, nodeName = 'there'): Endpoint => ({
  addresses: [address],
  nodeName,
  conditions: { ready: false, serving: true, terminating: true },
})
const hinted = (address: string, zone: string, node?: string): Endpoint => ({
  addresses: [address],
  hints: { forZones: [{ name: zone }], ...(node && { forNodes: [{ name: node }] }) },
})

interface Case {
  title: string
  spec?: ServiceSpec
  endpoints: Endpoint[]
  cluster: string[]
  local: string[]
  hasEndpoints?: boolean
}
const nodePort: ServiceSpec = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30_080 }] }

const cases: Case[] = [
  {
    title: 'ready endpoints of all nodes are used',
    endpoints: [ready('10.0.0.2'), ready('10.0.0.1', { nodeName: 'here' })],
    cluster: ['10.0.0.1', '10.0.0.2'],
    local: [],
  },
  {
    title: 'unready endpoints are not used',
    endpoints: [ready('10.0.0.1', { conditions: { ready: false } }), ready('10.0.0.2')],
    cluster: ['10.0.0.2'],
    local: [],
  },
  {
    title: 'endpoints that end are used only when none is ready',
    endpoints: [ending('10.0.0.1')],
    cluster: ['10.0.0.1'],
    local: [],
  },
  {
    title: 'endpoints that end are not used beside ready ones',
    endpoints: [ending('10.0.0.1'), ready('10.0.0.2')],
    cluster: ['10.0.0.2'],
    local: [],
  },
  {
    title: 'endpoints that end and no longer serve are never used',
    endpoints: [ready('10.0.0.1', { conditions: { ready: false, serving: false, terminating: true } })],
    cluster: [],
    local: [],
    hasEndpoints: false,
  },
  {
    title: 'an endpoint in two slices counts once',
    endpoints: [ready('10.0.0.1'), ready('10.0.0.1')],
    cluster: ['10.0.0.1'],
    local: [],
  },
  {
    title: 'internal policy Local uses endpoints of this node alone',
    spec: { internalTrafficPolicy: 'Local' },
    endpoints: [ready('10.0.0.1', { nodeName: 'there' }), ready('10.0.0.2', { nodeName: 'here' })],
    cluster: [],
    local: ['10.0.0.2'],
  },
  {
    title: 'external policy Local keeps the endpoints of the cluster for traffic from inside',
    spec: { ...nodePort, externalTrafficPolicy: 'Local' },
    endpoints: [ready('10.0.0.1', { nodeName: 'there' })],
    cluster: ['10.0.0.1'],
    local: [],
  },
  {
    title: 'external policy Local falls back to ending endpoints of this node by itself',
    spec: { ...nodePort, externalTrafficPolicy: 'Local' },
    endpoints: [ready('10.0.0.1', { nodeName: 'there' }), ending('10.0.0.2', 'here')],
    cluster: ['10.0.0.1'],
    local: ['10.0.0.2'],
  },
  {
    title: 'hints for this zone are followed',
    endpoints: [hinted('10.0.0.1', 'z1'), hinted('10.0.0.2', 'z2')],
    cluster: ['10.0.0.1'],
    local: [],
  },
  {
    title: 'hints are ignored when one ready endpoint has none',
    endpoints: [hinted('10.0.0.1', 'z1'), hinted('10.0.0.2', 'z2'), ready('10.0.0.3')],
    cluster: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
    local: [],
  },
  {
    title: 'hints are ignored when none is for this zone',
    endpoints: [hinted('10.0.0.1', 'z3'), hinted('10.0.0.2', 'z2')],
    cluster: ['10.0.0.1', '10.0.0.2'],
    local: [],
  },
  {
    title: 'hints for this node come before those for its zone',
    endpoints: [hinted('10.0.0.1', 'z1', 'here'), hinted('10.0.0.2', 'z1', 'there')],
    cluster: ['10.0.0.1'],
    local: [],
  },
]

for (const { title, spec, endpoints, cluster, local, hasEndpoints = true } of cases) {
  test(title, () => {
    const [port] = view([buildService('web', spec)], [buildSlice('web', endpoints)])
    assert.deepEqual(
      port!.cluster.map(({ address }) => address),
      cluster,
    )
    assert.deepEqual(
      port!.local.map(({ address }) => address),
      local,
    )
    assert.equal(port!.hasEndpoints, hasEndpoints)
  })
}

const ignored: { title: string; service: ServiceObject }[] = [
  { title: 'headless', service: buildService('web', { clusterIP: 'None' }) },
  { title: 'not given an address yet', service: buildService('web', { clusterIP: '' }) },
  { title: 'by name', service: buildService('web', { type: 'ExternalName', externalName: 'example.org' }) },
  {
    title: "another proxy's",
    service: buildService('web', { metadata: { labels: { 'service.kubernetes.io/service-proxy-name': 'other' } } }),
  },
]
for (const { title, service } of ignored) {
  test(`a Service that is ${title} has no rules`, () => {
    assert.deepEqual(view([service], [buildSlice('web', ['10.0.0.1'])]), [])
  })
}

test('slices of IPv6, of headless Services and of other proxies are left out', () => {
  const slices = [
    buildSlice('web', ['fd00::1'], { addressType: 'IPv6' }),
    buildSlice('web', ['10.0.0.1'], {
      metadata: { labels: { 'kubernetes.io/service-name': 'web', 'service.kubernetes.io/headless': '' } },
    }),
    buildSlice('web', ['10.0.0.2'], { metadata: { namespace: 'other' } }),
  ]
  assert.equal(view([buildService('web')], slices)[0]!.hasEndpoints, false)
})

test('addresses of a load balancer that forwards by itself are not taken over', () => {
  const ingress = [{ ip: '192.0.2.1' }, { ip: '192.0.2.2', ipMode: 'Proxy' }]
  const [port] = view([buildService('web', { ...nodePort, ingress, externalIPs: ['198.51.100.1'] })], [])
  assert.deepEqual(port!.loadBalancerIPs, ['192.0.2.1'])
  assert.deepEqual(port!.externalIPs, ['198.51.100.1'])
})

test('each port leads to the port of its name', () => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'metrics', port: 9090 },
  ]
  const slice = buildSlice('web', ['10.0.0.1'], {
    ports: [
      { name: 'http', port: 8080 },
      { name: 'metrics', port: 9000 },
    ],
  })
  const targets = view([buildService('web', { ports })], [slice]).map(({ name, cluster }) => [name, cluster[0]!.port])
  assert.deepEqual(targets, [
    ['default/web:http', 8080],
    ['default/web:metrics', 9000],
  ])
})
