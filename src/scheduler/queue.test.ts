import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPod } from '../../test/support/scheduling.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { SchedulingQueue } from './queue.ts'

const never = new AbortController().signal

async function namesOf(queue: SchedulingQueue, count: number): Promise<string[]> {
  const names: string[] = []
  for (let i = 0; i < count; i++) names.push((await queue.next(never))!.pod.metadata.name)
  return names
}

test('higher priority comes first, then who came first', async () => {
  const queue = new SchedulingQueue(new VirtualClock())
  queue.add(buildPod('a'))
  queue.add(buildPod('b'))
  queue.add(buildPod('urgent', { spec: { priority: 1000 } }))
  queue.add(buildPod('c'))
  queue.remove('default/b')
  assert.deepEqual(await namesOf(queue, 3), ['urgent', 'a', 'c'])
})

test('who found no node is tried again after an event, but not before its back-off has passed', async () => {
  const clock = new VirtualClock()
  const queue = new SchedulingQueue(clock)
  queue.add(buildPod('a'))
  queue.putBack((await queue.next(never))!)
  queue.wakeWaiting()
  let taken = false
  const next = queue.next(never).then((queued) => {
    taken = true
    return queued
  })
  await clock.advanceMs(999)
  assert.equal(taken, false)
  await clock.advanceMs(1)
  assert.equal((await next)?.pod.metadata.name, 'a')
})

test('an event during its cycle is not missed', async () => {
  const clock = new VirtualClock()
  const queue = new SchedulingQueue(clock)
  queue.add(buildPod('a'))
  const queued = (await queue.next(never))!
  queue.wakeWaiting()
  queue.putBack(queued)
  const next = queue.next(never)
  await clock.advanceMs(1000)
  assert.equal((await next)?.pod.metadata.name, 'a')
})

test('without any event it is tried again after five minutes', async () => {
  const clock = new VirtualClock()
  const queue = new SchedulingQueue(clock)
  queue.add(buildPod('a'))
  queue.putBack((await queue.next(never))!)
  const next = queue.next(never)
  await clock.advanceMs(5 * 60_000)
  assert.equal((await next)?.pod.metadata.name, 'a')
})

test('an empty queue keeps no timer', async () => {
  const clock = new VirtualClock()
  const queue = new SchedulingQueue(clock)
  queue.add(buildPod('a'))
  queue.done((await queue.next(never))!.pod.metadata.name)
  assert.equal(clock.pendingTimers, 0)
})
