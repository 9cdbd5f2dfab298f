import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilSynced } from './until-synced.ts'

const never = new Promise<void>(() => undefined)
const now = Promise.resolve()

test('caches that are filled are waited for', async () => {
  assert.equal(await untilSynced([{ synced: now }, { synced: now }], new AbortController().signal), true)
})

test('who is told to end does not wait for a server that is away', async () => {
  const ending = new AbortController()
  const waiting = untilSynced([{ synced: now }, { synced: never }], ending.signal)
  ending.abort()
  assert.equal(await waiting, false)
})

test('a signal that has aborted before is seen', async () => {
  assert.equal(await untilSynced([{ synced: never }], AbortSignal.abort()), false)
})
