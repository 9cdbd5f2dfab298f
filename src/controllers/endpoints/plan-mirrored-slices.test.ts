import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSubset } from '../../api/types/core/v1.ts'
import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import type { Stored } from '../../machinery/object.ts'
import type { SlicesPlan } from './plan-endpoint-slices.ts'
import { planMirroredSlices } from './plan-mirrored-slices.ts'

const http = [{ name: 'http', port: 80, protocol: 'TCP' as const }]
const https = [{ name: 'https', port: 443, protocol: 'TCP' as const }]
const metadata = { name: 'web', namespace: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
const endpointsOf = (...subsets: EndpointSubset[]) => ({ metadata, subsets })

const planned = (existing: readonly Stored<EndpointSlice>[], ...subsets: EndpointSubset[]) =>
  planMirroredSlices(endpointsOf(...subsets), existing)

/** What the API holds after the creates of a plan. */
const stored = (...subsets: EndpointSubset[]) =>
  planned([], ...subsets).create.map((slice, index) => ({
    ...slice,
    metadata: { ...slice.metadata, name: `web-${index}`, uid: `s${index}`, resourceVersion: '2' },
  })) as unknown as Stored<EndpointSlice>[]

const texts = (slices: SlicesPlan['delete']) =>
  slices.map(
    ({ metadata, addressType, ports = [], endpoints = [] }) =>
      `${metadata?.name ?? metadata?.generateName} ${addressType} ${ports.map(({ port }) => port)} ${endpoints.map(
        ({ addresses, conditions }) => `${addresses}${conditions?.ready ? '' : '!'}`,
      )}`,
  )

interface Row {
  readonly title: string
  readonly before?: readonly EndpointSubset[]
  readonly now: readonly EndpointSubset[]
  readonly create?: readonly string[]
  readonly update?: readonly string[]
  readonly delete?: readonly string[]
}

const one = { addresses: [{ ip: '10.0.0.1' }], ports: http }

const rows: readonly Row[] = [
  {
    title: 'ready and not ready addresses',
    now: [{ ...one, notReadyAddresses: [{ ip: '10.0.0.2' }] }],
    create: ['web- IPv4 80 10.0.0.1,10.0.0.2!'],
  },
  {
    title: 'a slice for each set of ports',
    now: [one, { ...one, ports: https }],
    create: ['web- IPv4 80 10.0.0.1', 'web- IPv4 443 10.0.0.1'],
  },
  {
    title: 'subsets of the same ports share a slice',
    now: [one, { addresses: [{ ip: '10.0.0.2' }], ports: http }],
    create: ['web- IPv4 80 10.0.0.1,10.0.0.2'],
  },
  {
    title: 'a slice for each family',
    now: [{ addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: http }],
    create: ['web- IPv4 80 10.0.0.1', 'web- IPv6 80 fd00::1'],
  },
  { title: 'nothing has changed', before: [one], now: [one] },
  {
    title: 'the order of addresses says nothing',
    before: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: http }],
    now: [{ addresses: [{ ip: '10.0.0.2' }, { ip: '10.0.0.1' }], ports: http }],
  },
  {
    title: 'an address has come',
    before: [one],
    now: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: http }],
    update: ['web-0 IPv4 80 10.0.0.1,10.0.0.2'],
  },
  {
    title: 'other ports take over the slice',
    before: [one],
    now: [{ ...one, ports: https }],
    update: ['web-0 IPv4 443 10.0.0.1'],
  },
  {
    title: 'another family cannot',
    before: [one],
    now: [{ addresses: [{ ip: 'fd00::1' }], ports: http }],
    create: ['web- IPv6 80 fd00::1'],
    delete: ['web-0 IPv4 80 10.0.0.1'],
  },
  { title: 'all addresses are gone', before: [one], now: [], delete: ['web-0 IPv4 80 10.0.0.1'] },
]

for (const { title, before = [], now, create = [], update = [], delete: remove = [] } of rows) {
  test(`mirrored slices: ${title}`, () => {
    const plan = planned(stored(...before), ...now)
    assert.deepEqual(
      { create: texts(plan.create), update: texts(plan.update), delete: texts(plan.delete) },
      { create, update, delete: remove },
    )
  })
}

test('a mirrored slice belongs to its Endpoints and carries their labels', () => {
  const endpoints = {
    metadata: {
      ...metadata,
      labels: { app: 'web' },
      annotations: { a: 'b', 'endpoints.kubernetes.io/last-change-trigger-time': 't' },
    },
    subsets: [one],
  }
  const [slice] = planMirroredSlices(endpoints, []).create
  assert.deepEqual(slice?.metadata?.labels, {
    app: 'web',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  assert.deepEqual(slice?.metadata?.annotations, { a: 'b' })
  assert.equal(slice?.metadata?.ownerReferences?.[0]?.uid, 'u')
})

test('addresses beyond the most that are mirrored, and those that are none, are counted', () => {
  const addresses = [
    { ip: 'x' },
    ...Array.from({ length: 1002 }, (_, index) => ({ ip: `10.0.${index >> 8}.${index & 255}` })),
  ]
  const plan = planned([], { addresses, ports: http })
  assert.deepEqual([plan.invalidAddresses, plan.skippedAddresses, plan.create[0]?.endpoints?.length], [1, 2, 1000])
})
