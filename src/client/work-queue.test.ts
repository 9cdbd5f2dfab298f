import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { createWorkQueue } from './work-queue.ts'

function open() {
  const clock = new VirtualClock()
  return { clock, queue: createWorkQueue({ clock }) }
}

test('keys come out in the order they were added, each once', async () => {
  const { queue } = open()
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
  assert.equal(queue.length, 3)
  assert.deepEqual([await queue.next(), await queue.next(), await queue.next()], ['a', 'b', 'c'])
})

test('a key that is worked on waits until it is done, then comes again once', async () => {
  const { queue } = open()
  queue.add('a')
  assert.equal(await queue.next(), 'a')
  queue.add('a')
  queue.add('a')
  assert.deepEqual({ length: queue.length, inFlight: queue.inFlight }, { length: 0, inFlight: 1 })
  queue.done('a')
  assert.equal(await queue.next(), 'a')
  queue.done('a')
  assert.equal(queue.length, 0)
})

test('an idle worker gets the next key that is added', async () => {
  const { queue } = open()
  const waiting = queue.next()
  queue.add('a')
  assert.equal(await waiting, 'a')
})

test('of two delays of one key the earlier counts, once', async () => {
  const { clock, queue } = open()
  queue.addAfter('a', 500)
  queue.addAfter('a', 100)
  queue.addAfter('a', 300)
  assert.equal(queue.delayed, 1)
  await clock.advanceMs(99)
  assert.equal(queue.length, 0)
  await clock.advanceMs(1)
  assert.equal(queue.length, 1)
  await queue.next()
  queue.done('a')
  await clock.advanceMs(1000)
  assert.equal(queue.length, 0)
})

test('failures double the delay up to 1000 s, and forgetting begins again', async () => {
  const { clock, queue } = open()
  const delayOf = async () => {
    const startMs = clock.nowMs()
    queue.addRateLimited('a')
    const next = queue.next()
    await clock.advanceMs(1_000_000)
    await next
    queue.done('a')
    return clock.nowMs() - startMs
  }
  queue.addRateLimited('a')
  await clock.advanceMs(4)
  assert.equal(queue.length, 0)
  await clock.advanceMs(1)
  assert.equal(await queue.next(), 'a')
  queue.done('a')
  for (let failures = 1; failures < 30; failures += 1) assert.equal(await delayOf(), 1_000_000)
  assert.equal(queue.retriesOf('a'), 30)
  queue.forget('a')
  assert.equal(queue.retriesOf('a'), 0)
})

test('after shutting down what waits is still handed out, then workers are sent home', async () => {
  const { queue } = open()
  queue.add('a')
  queue.addAfter('later', 10)
  queue.shutDown()
  queue.add('b')
  assert.deepEqual([await queue.next(), await queue.next()], ['a', undefined])
  assert.equal(queue.delayed, 0)
})
