import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { Expectations } from './expectations.ts'

test('creations must be seen as often as they were expected', () => {
  const expectations = new Expectations(new VirtualClock())
  assert.ok(expectations.satisfied('ns/a'))
  expectations.expect('ns/a', { creations: 2 })
  expectations.creationObserved('ns/a')
  assert.ok(!expectations.satisfied('ns/a'))
  expectations.creationObserved('ns/a')
  assert.ok(expectations.satisfied('ns/a'))
})

test('a deletion seen twice counts once, and strangers do not count', () => {
  const expectations = new Expectations(new VirtualClock())
  expectations.expect('ns/a', { deletions: ['u1', 'u2'] })
  for (const uid of ['u1', 'u1', 'u3']) expectations.deletionObserved('ns/a', uid)
  assert.ok(!expectations.satisfied('ns/a'))
  expectations.deletionObserved('ns/a', 'u2')
  assert.ok(expectations.satisfied('ns/a'))
})

test('after five minutes the cache is believed again', async () => {
  const clock = new VirtualClock()
  const expectations = new Expectations(clock)
  expectations.expect('ns/a', { creations: 1 })
  await clock.advanceMs(300_000)
  assert.ok(!expectations.satisfied('ns/a'))
  await clock.advanceMs(1)
  assert.ok(expectations.satisfied('ns/a'))
})
