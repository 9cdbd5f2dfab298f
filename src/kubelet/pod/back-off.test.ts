import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BackOff, goSeconds } from './back-off.ts'

test('the first restart is immediate, later ones wait twice as long each time, up to five minutes', () => {
  const backOff = new BackOff()
  const waits: string[] = []
  let nowMs = 0
  for (let crash = 0; crash < 8; crash++) {
    const waitMs = backOff.remainingMs('c', nowMs, nowMs)
    waits.push(goSeconds(waitMs))
    nowMs += waitMs
    backOff.next('c', nowMs, nowMs)
  }
  assert.deepEqual(waits, ['0s', '10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s'])
})

test('a container that ran for ten minutes starts anew', () => {
  const backOff = new BackOff()
  backOff.next('c', 0, 0)
  backOff.next('c', 1, 1)
  assert.equal(backOff.delayMs('c'), 20_000)
  const crashedAtMs = 601_000
  assert.equal(backOff.remainingMs('c', crashedAtMs, crashedAtMs), 0)
  backOff.next('c', crashedAtMs, crashedAtMs)
  assert.equal(backOff.delayMs('c'), 10_000)
})
