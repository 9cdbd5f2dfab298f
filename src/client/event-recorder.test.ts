import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../platform/log.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { createEventRecorder } from './event-recorder.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'
import { createClient } from './typed-client.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'ns', uid: 'u1', resourceVersion: '7' },
}

function open(answer: (request: ApiRequest) => number | Error) {
  const requests: ApiRequest[] = []
  const transport: Transport = {
    async request(request): Promise<ApiResponse> {
      requests.push(request)
      const status = answer(request)
      if (status instanceof Error) throw status
      const reason = status === 404 ? 'NotFound' : 'Forbidden'
      return { status, body: status < 400 ? request.body : { kind: 'Status', code: status, reason }, warnings: [] }
    },
    watch: () => Promise.reject(new Error('nobody watches')),
    close: async () => {},
  }
  const clock = new VirtualClock()
  const client = createClient(transport)
  const recorder = createEventRecorder({ client, component: 'kubelet', host: 'n1', clock, log: silentLogger })
  return { clock, recorder, requests }
}

test('an event says what, about whom, who says so and when', async () => {
  const { recorder, requests } = open(() => 201)
  recorder.event(pod, 'Normal', 'Pulled', 'Image is there')
  await recorder.flush()
  assert.equal(requests[0]?.path, '/api/v1/namespaces/ns/events')
  const { metadata, ...event } = requests[0]!.body as { metadata: { name: string } }
  assert.match(metadata.name, /^web\.[0-9a-f]{16}$/)
  assert.deepEqual(event, {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'ns', uid: 'u1', resourceVersion: '7' },
    type: 'Normal',
    reason: 'Pulled',
    message: 'Image is there',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    source: { component: 'kubelet', host: 'n1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'n1',
  })
})

test('the second of the same is a count, and one whose first expired is written anew', async () => {
  let expired = false
  const { recorder, requests } = open(({ method }) => (method === 'PATCH' && expired ? 404 : 200))
  const tell = () => recorder.event(pod, 'Warning', 'BackOff', 'restarting')
  tell()
  tell()
  await recorder.flush()
  expired = true
  tell()
  await recorder.flush()
  assert.deepEqual(
    requests.map(({ method }) => method),
    ['POST', 'PATCH', 'PATCH', 'POST'],
  )
  assert.deepEqual((requests[1]!.body as { count: number }).count, 2)
})

test('an event of an object without namespace stands in default', async () => {
  const { recorder, requests } = open(() => 201)
  recorder.eventAbout({ apiVersion: 'v1', kind: 'Node', name: 'n1' }, 'Normal', 'Starting', 'now')
  await recorder.flush()
  assert.equal(requests[0]?.path, '/api/v1/namespaces/default/events')
})

test('a server out of reach is tried again, one that refuses is not', async () => {
  let reachable = false
  const { clock, recorder, requests } = open(() => (reachable ? 403 : new Error('connection refused')))
  recorder.event(pod, 'Normal', 'Pulled', 'Image is there')
  await clock.advanceMs(10_000)
  assert.equal(requests.length, 2)
  reachable = true
  await clock.advanceMs(60_000)
  await recorder.flush()
  assert.equal(requests.length, 3)
})
