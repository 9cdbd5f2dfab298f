import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalMicroTime, canonicalTime, formatMicroTime, formatTime, TimeError } from './time.ts'

const times = [
  ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
  ['2024-01-01T00:00:00.999Z', '2024-01-01T00:00:00Z'],
  ['2024-01-01T00:30:00+01:00', '2023-12-31T23:30:00Z'],
  ['0001-01-01T00:00:00Z', undefined],
] as const

for (const [text, want] of times)
  test(`the time ${text} is written ${want}`, () => assert.equal(canonicalTime(text), want))

const refusals = [
  ['notatime', 'parsing time "notatime" as "2006-01-02T15:04:05Z07:00": cannot parse "notatime" as "2006"'],
  ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
  ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
  ['2023-02-28T00:00:00Zx', 'parsing time "2023-02-28T00:00:00Zx": extra text: "x"'],
] as const

for (const [text, message] of refusals)
  test(`${JSON.stringify(text)} is refused in the words of Go`, () =>
    assert.throws(
      () => canonicalTime(text),
      (error) => error instanceof TimeError && error.message === message,
    ))

test('a MicroTime has six digits', () => {
  assert.equal(canonicalMicroTime('2024-01-01T00:00:00.123456Z'), '2024-01-01T00:00:00.123456Z')
  assert.throws(() => canonicalMicroTime('2020-01-01T00:00:00Z'), {
    message: 'parsing time "2020-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  })
})

test('every time that is written is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000_000, max: 4_000_000_000_000 }), (ms) => {
      assert.equal(canonicalTime(formatTime(ms)), formatTime(ms))
      assert.equal(canonicalMicroTime(formatMicroTime(ms)), formatMicroTime(ms))
    }),
    { numRuns: 2_000 },
  )
})
