import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, Service } from '../../api/types/core/v1.ts'
import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import { planEndpointSlices, type SlicesPlan } from './plan-endpoint-slices.ts'

const service = (spec: Partial<NonNullable<Service['spec']>> = {}): Service => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'svc' },
  spec: {
    clusterIP: '10.96.0.1',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 'http' }],
    ...spec,
  },
})

interface Sketch {
  ready?: boolean
  going?: boolean
  phase?: string
  port?: number
  ips?: string[]
}

function pod(
  index: number,
  {
    ready = true,
    going = false,
    phase = 'Running',
    port = 8080,
    ips = [`10.0.${index >> 8}.${index & 255}`],
  }: Sketch = {},
): Pod {
  return {
    metadata: {
      name: `p${index}`,
      namespace: 'ns',
      uid: `u${index}`,
      ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }] },
    status: {
      phase,
      podIPs: ips.map((ip) => ({ ip })),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }
}

const pods = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => pod(from + index))
const plan = (chosen: readonly Pod[], existing: readonly EndpointSlice[] = [], of = service()): SlicesPlan =>
  planEndpointSlices({ service: of, pods: chosen, nodeNamed: () => undefined, existing, triggeredMs: undefined })
/** What stands in the API after a plan from nothing. */
const stored = ({ create }: SlicesPlan): EndpointSlice[] =>
  create.map((slice, index) => ({ ...slice, metadata: { ...slice.metadata, name: `s${index}`, uid: `s${index}` } }))
const sizes = ({ create, update, delete: doomed }: SlicesPlan) => ({
  create: create.map(({ endpoints = [] }) => endpoints.length),
  update: update.map(({ endpoints = [] }) => endpoints.length),
  delete: doomed.length,
})

const conditions: [title: string, sketch: Sketch, of: Service, want: object | undefined][] = [
  ['a ready Pod is ready', {}, service(), { ready: true, serving: true, terminating: false }],
  [
    'a Pod that is not ready is there',
    { ready: false },
    service(),
    { ready: false, serving: false, terminating: false },
  ],
  ['a terminating Pod still serves', { going: true }, service(), { ready: false, serving: true, terminating: true }],
  [
    'publishNotReadyAddresses says ready for all',
    { ready: false, going: true },
    service({ publishNotReadyAddresses: true }),
    { ready: true, serving: false, terminating: true },
  ],
  ['a finished Pod is none', { phase: 'Succeeded' }, service(), undefined],
  ['a Pod without address is none', { ips: [] }, service(), undefined],
]
for (const [title, sketch, of, want] of conditions) {
  test(title, () => assert.deepEqual(plan([pod(1, sketch)], [], of).create[0]?.endpoints?.[0]?.conditions, want))
}

test('a hundred endpoints fill a slice, more begin another', () => {
  assert.deepEqual(sizes(plan(pods(0, 250))), { create: [100, 100, 50], update: [], delete: 0 })
})

test('an unchanged state asks for nothing', () => {
  const existing = stored(plan(pods(0, 150)))
  assert.deepEqual(sizes(plan(pods(0, 150), existing)), { create: [], update: [], delete: 0 })
})

test('one more endpoint goes into the fullest slice with room', () => {
  const existing = stored(plan(pods(0, 150)))
  const { update, create } = plan(pods(0, 151), existing)
  assert.deepEqual(
    [update.map(({ metadata, endpoints = [] }) => [metadata?.name, endpoints.length]), create],
    [[['s1', 51]], []],
  )
})

test('when endpoints go only their slice changes, and it goes with the last of them', () => {
  const existing = stored(plan(pods(0, 150)))
  assert.deepEqual(sizes(plan(pods(1, 150), existing)), { create: [], update: [99], delete: 0 })
  assert.deepEqual(sizes(plan(pods(0, 100), existing)), { create: [], update: [], delete: 1 })
})

test('Pods with other port numbers stand in a slice of their own', () => {
  const { create } = plan([pod(1), pod(2, { port: 9090 })])
  assert.deepEqual(create.map(({ ports }) => ports?.[0]?.port).sort(), [8080, 9090])
})

test('each family has its slices', () => {
  const dual = service({ ipFamilies: ['IPv4', 'IPv6'] })
  const { create } = plan([pod(1, { ips: ['10.0.0.1', 'fd00::1'] })], [], dual)
  assert.deepEqual(
    create.map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses]),
    [
      ['IPv4', ['10.0.0.1']],
      ['IPv6', ['fd00::1']],
    ],
  )
})

test('a headless Service says so by a label', () => {
  const { create } = plan([pod(1)], [], service({ clusterIP: 'None' }))
  assert.equal(create[0]?.metadata?.labels?.['service.kubernetes.io/headless'], '')
})

test('the placeholder of an empty Service becomes its first real slice', () => {
  const existing = stored(plan([]))
  assert.deepEqual(sizes(plan([], existing)), { create: [], update: [], delete: 0 })
  assert.deepEqual(sizes(plan([pod(1)], existing)), { create: [], update: [1], delete: 0 })
})

const zoned = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } }
const zoneHint = { forZones: [{ name: 'z1' }] }
const hintRows: [distribution: string | undefined, sketch: Sketch, want: object | undefined][] = [
  [undefined, {}, undefined],
  ['PreferClose', {}, zoneHint],
  ['PreferSameZone', {}, zoneHint],
  ['PreferSameNode', {}, { ...zoneHint, forNodes: [{ name: 'n1' }] }],
  ['PreferClose', { ready: false }, undefined],
]
for (const [distribution, sketch, want] of hintRows) {
  test(`${distribution ?? 'no distribution'} hints ${JSON.stringify(want) ?? 'nothing'} for ${JSON.stringify(sketch)}`, () => {
    const of = service(distribution ? { trafficDistribution: distribution } : {})
    const view = { service: of, pods: [pod(1, sketch)], nodeNamed: () => zoned, existing: [], triggeredMs: undefined }
    const [endpoint] = planEndpointSlices(view).create[0]?.endpoints ?? []
    assert.deepEqual([endpoint?.zone, endpoint?.hints], ['z1', want])
  })
}
