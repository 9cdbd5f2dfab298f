import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { WatchSink } from '../request.ts'
import { WatchFramer } from './encode.ts'
import { WatchResponse } from './watch-response.ts'

/** A watch to a client that takes nothing unless `reads` is called. */
function openWatch(burst = 0) {
  const sent: string[] = []
  const state = { stopped: false, ended: false, destroyed: false, over: false }
  const client = { reads: () => {} }
  const clock = new VirtualClock(0)
  const response = new WatchResponse({
    answer: {
      start: (sink: WatchSink) => {
        for (let name = 0; name < burst; name++) sink.event(eventOf(`initial-${name}`))
      },
      stop: () => {
        state.stopped = true
      },
    },
    stream: {
      write: (chunk) => {
        sent.push((JSON.parse(Buffer.from(chunk).toString()) as { object: KubeObject }).object.metadata!.name!)
        return false
      },
      onDrain: (callback) => {
        client.reads = callback
      },
      end: () => {
        state.ended = true
      },
      destroy: () => {
        state.destroyed = true
      },
    },
    framer: new WatchFramer(() => undefined),
    encoding: 'json',
    clock,
    onEnd: () => {
      state.over = true
    },
  })
  response.start()
  return { response, sent, state, client, clock }
}

const eventOf = (name: string) => ({ type: 'ADDED', object: { metadata: { name } } as DeepReadonly<KubeObject> })

const sendAll = (response: WatchResponse, count: number) => {
  for (let name = 0; name < count; name++) response.event(eventOf(String(name)))
}

test('a client that falls too far behind is watched for no more, and what it has got is whole', () => {
  const { response, sent, state, client } = openWatch()
  sendAll(response, 1_001)
  assert.equal(state.stopped, false)
  response.event(eventOf('one too many'))
  assert.equal(state.stopped, true)
  client.reads()
  assert.deepEqual({ sent, ended: state.ended, over: state.over }, { sent: ['0'], ended: true, over: true })
})

test('a client that does not even take the end is cut off after five seconds', async () => {
  const { response, state, clock } = openWatch()
  sendAll(response, 1_002)
  await clock.advanceMs(5_000)
  assert.deepEqual([state.ended, state.destroyed, state.over], [false, true, true])
})

test('the first burst may be of any length', () => {
  const { response, sent, state, client } = openWatch(5_000)
  sendAll(response, 999)
  assert.equal(state.stopped, false)
  for (let read = 0; read < 6_000; read++) client.reads()
  assert.equal(sent.length, 5_999)
  assert.equal(sent.at(-1), '998')
})

test('a client that is always a little behind gets everything in order', () => {
  const { response, sent, state, client } = openWatch()
  sendAll(response, 900)
  for (let name = 900; name < 20_000; name++) {
    response.event(eventOf(String(name)))
    client.reads()
  }
  assert.equal(state.stopped, false)
  assert.deepEqual(
    sent,
    Array.from(sent, (_, index) => String(index)),
  )
})
