import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventCorrelator, type Occurrence } from './event-correlator.ts'

const nowMs = Date.UTC(2026, 0, 1)
const occurrence = (message: string, reason = 'BackOff', name = 'web'): Occurrence => ({
  involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace: 'default', uid: 'u1' },
  type: 'Warning',
  reason,
  message,
  component: 'kubelet',
  host: 'n1',
})

test('the same event again is a count on the first', () => {
  const correlator = new EventCorrelator()
  const first = correlator.correlate(occurrence('boom'), nowMs)
  const second = correlator.correlate(occurrence('boom'), nowMs + 60_000)
  assert.equal(first?.count, 1)
  assert.deepEqual(
    { name: second?.name, count: second?.count, first: second?.firstTimestamp, last: second?.lastTimestamp },
    { name: first?.name, count: 2, first: '2026-01-01T00:00:00Z', last: '2026-01-01T00:01:00Z' },
  )
})

test('the tenth that differs by its message alone is combined, and so are those after it', () => {
  const correlator = new EventCorrelator()
  const written = Array.from({ length: 12 }, (_, index) => correlator.correlate(occurrence(`message ${index}`), nowMs))
  assert.deepEqual(
    written.map((event) => event?.message.startsWith('(combined from similar events): ')),
    [...Array(9).fill(false), true, true, true],
  )
  assert.deepEqual(
    written.slice(9).map((event) => event?.count),
    [1, 2, 3],
  )
})

test('similar events more than ten minutes apart are not combined', () => {
  const correlator = new EventCorrelator()
  const written = Array.from({ length: 12 }, (_, index) =>
    correlator.correlate(occurrence(`message ${index}`), nowMs + index * 600_001),
  )
  assert.ok(written.every((event) => event?.message.startsWith('message ')))
})

test('past 25 on one object one every five minutes goes through; other objects are not held back', () => {
  const correlator = new EventCorrelator()
  const written = Array.from({ length: 30 }, (_, index) =>
    correlator.correlate(occurrence('x', `Reason${index}`), nowMs),
  )
  assert.equal(written.filter((event) => event !== undefined).length, 25)
  assert.equal(correlator.correlate(occurrence('x', 'Late'), nowMs + 299_000), undefined)
  assert.ok(correlator.correlate(occurrence('x', 'Late'), nowMs + 300_000))
  assert.ok(correlator.correlate(occurrence('x', 'Other', 'db'), nowMs))
})
