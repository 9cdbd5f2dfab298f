import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { StoreError } from '../store-error.ts'
import { RevisionWaiters } from './revision-waiters.ts'

test('a wait resolves at its revision or a later one, and leaves no timer', async () => {
  const clock = new VirtualClock()
  const waiters = new RevisionWaiters({ clock, timeoutMs: 1_000 })
  const waits = [waiters.wait(3), waiters.wait(5)]
  waiters.reached(5)
  await Promise.all(waits)
  assert.equal(clock.pendingTimers, 0)
})

test('a revision that never comes is unavailable in the end', async () => {
  const clock = new VirtualClock()
  const waiters = new RevisionWaiters({ clock, timeoutMs: 1_000 })
  const refused = assert.rejects(
    waiters.wait(3),
    (error) => error instanceof StoreError && error.code === 'Unavailable',
  )
  waiters.reached(2)
  await clock.advanceMs(1_000)
  await refused
})
