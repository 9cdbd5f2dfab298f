import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { APIService } from '../../api/types/apiregistration/v1.ts'
import type { Service } from '../../api/types/core/v1.ts'
import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import { passed, whyUnavailable, withAvailability } from './availability.ts'

const apiService: APIService = {
  metadata: { name: 'v1.example.org' },
  spec: {
    group: 'example.org',
    version: 'v1',
    service: { namespace: 'ns', name: 'svc', port: 443 },
    groupPriorityMinimum: 100,
    versionPriority: 10,
  },
}
const service = (spec: Service['spec'] = {}): Service => ({
  spec: { type: 'ClusterIP', ports: [{ name: 'https', port: 443 }], ...spec },
})
const slice = (more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ports: [{ name: 'https', port: 8443 }],
  ...more,
})

const rows = [
  {
    title: 'whose Service is not there',
    service: undefined,
    slices: [],
    want: { reason: 'ServiceNotFound', message: 'service/svc in "ns" is not present' },
  },
  {
    title: 'whose Service has another port',
    service: service({ ports: [{ port: 80 }] }),
    slices: [slice()],
    want: { reason: 'ServicePortError', message: 'service/svc in "ns" is not listening on port 443' },
  },
  {
    title: 'without endpoint slices',
    service: service(),
    slices: [],
    want: { reason: 'EndpointsNotFound', message: 'cannot find endpointslices for service/svc in "ns"' },
  },
  {
    title: 'none of whose endpoints is ready',
    service: service(),
    slices: [slice({ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }] })],
    want: {
      reason: 'MissingEndpoints',
      message: 'endpointslices for service/svc in "ns" have no addresses with port name "https"',
    },
  },
  {
    title: 'whose endpoints have another port',
    service: service(),
    slices: [slice({ ports: [{ name: 'http', port: 80 }] })],
    want: {
      reason: 'MissingEndpoints',
      message: 'endpointslices for service/svc in "ns" have no addresses with port name "https"',
    },
  },
  { title: 'with a ready endpoint', service: service(), slices: [slice()], want: undefined },
  { title: 'that leads out of the cluster', service: service({ type: 'ExternalName' }), slices: [], want: undefined },
]

for (const { title, service, slices, want } of rows) {
  test(`an API ${title} is ${want ? `unavailable: ${want.reason}` : 'asked itself'}`, () => {
    const found = whyUnavailable(apiService, { service, endpointSlices: slices })
    assert.deepEqual(found, want && { status: 'False', ...want })
  })
}

test('a condition keeps its time as long as its status stays', () => {
  const first = withAvailability(apiService, passed, 0)
  assert.equal(withAvailability(first, passed, 5000), first)
  const failed = withAvailability(first, { status: 'False', reason: 'A', message: 'a' }, 5000)
  const worded = withAvailability(failed, { status: 'False', reason: 'B', message: 'b' }, 9000)
  assert.deepEqual(worded.status?.conditions, [
    { type: 'Available', status: 'False', reason: 'B', message: 'b', lastTransitionTime: '1970-01-01T00:00:05Z' },
  ])
})
