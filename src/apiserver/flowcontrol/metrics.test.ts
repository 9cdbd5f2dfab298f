import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { Answer, RequestContext } from '../request.ts'
import { parseRequestInfo } from '../request-info.ts'
import { FlowController } from './flow-controller.ts'
import { priorityAndFairness } from './priority-and-fairness.ts'

const answer: Answer = { kind: 'bytes', status: 200, headers: {}, body: '' }
const flow = 'priority_level="catch-all",flow_schema="catch-all"'

function serverWithOneSeat() {
  const clock = new VirtualClock()
  const registry = new Registry()
  const controller = new FlowController({ clock, serverSeats: 1, waitLimitMs: 1_000, registry })
  const inFlight = { reading: 0, mutating: 0 }
  const step = priorityAndFairness({ controller, clock, inFlight, sizeOf: () => undefined })
  const { promise: done, resolve: finish } = Promise.withResolvers<Answer>()
  const send = () => {
    const context = {
      info: parseRequestInfo('GET', '/api/v1/namespaces/a/pods/b', new URLSearchParams()),
      user: { name: 'jane', groups: ['system:authenticated'], extra: {} },
      connection: { transport: 'loopback' },
      signal: new AbortController().signal,
      receivedMs: clock.nowMs(),
    }
    return step(context as unknown as RequestContext, () => done)
  }
  const lines = async (name: string) =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(`apiserver_flowcontrol_${name}{`))
  return { clock, send, finish, lines }
}

test('metrics tell how many are served, refused, and how long they took', async () => {
  const { clock, send, finish, lines } = serverWithOneSeat()
  const first = send()
  const refused = await send()
  assert.equal(refused.kind, 'status')
  const executing = (count: number) => [`apiserver_flowcontrol_current_executing_requests{${flow}} ${count}`]
  assert.deepEqual(await lines('current_executing_requests'), executing(1))
  await clock.advanceMs(300)
  finish(answer)
  await first
  assert.deepEqual(await lines('current_executing_requests'), [])
  assert.deepEqual(await lines('dispatched_requests_total'), [
    `apiserver_flowcontrol_dispatched_requests_total{${flow}} 1`,
  ])
  assert.deepEqual(await lines('rejected_requests_total'), [
    `apiserver_flowcontrol_rejected_requests_total{${flow},reason="concurrency-limit"} 1`,
  ])
  assert.deepEqual(await lines('request_execution_seconds_sum'), [
    `apiserver_flowcontrol_request_execution_seconds_sum{${flow},type="regular"} 0.3`,
  ])
  assert.deepEqual(
    (await lines('nominal_limit_seats')).includes(
      'apiserver_flowcontrol_nominal_limit_seats{priority_level="catch-all"} 1',
    ),
    true,
  )
})
