import assert from 'node:assert/strict'
import { test } from 'node:test'
import { humanAge, humanDuration } from './duration.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const cases: [number, string][] = [
  [-3 * second, '<invalid>'],
  [-1 * second, '0s'],
  [0, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [9 * minute + 10 * second, '9m10s'],
  [10 * minute + 10 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [7 * hour + 59 * minute, '7h59m'],
  [47 * hour, '47h'],
  [2 * day + 4 * hour, '2d4h'],
  [8 * day + 4 * hour, '8d'],
  [2 * 365 * day, '2y'],
  [2 * 365 * day + 40 * day, '2y40d'],
  [9 * 365 * day + 40 * day, '9y'],
]
for (const [ms, text] of cases) {
  test(`${ms} ms is printed as ${text}`, () => assert.equal(humanDuration(ms), text))
}

test('an age counts from the time to now, and is unknown without one', () => {
  assert.equal(humanAge('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:30Z')), '30s')
  assert.equal(humanAge(undefined, 0), '<unknown>')
})
