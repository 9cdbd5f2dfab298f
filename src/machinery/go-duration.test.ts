import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurationError, formatGoDuration, parseGoDuration } from './go-duration.ts'

const valid: Readonly<Record<string, number>> = {
  '0': 0,
  '5s': 5_000,
  '1h30m': 5_400_000,
  '-1.5s': -1_500,
  '+.5m': 30_000,
  '1.s': 1_000,
  '250us': 0.25,
}

for (const [text, ms] of Object.entries(valid)) {
  test(`the duration ${text} is ${ms} ms`, () => assert.equal(parseGoDuration(text), ms))
}

const invalid: Readonly<Record<string, string>> = {
  '': 'time: invalid duration ""',
  '-': 'time: invalid duration "-"',
  bogus: 'time: invalid duration "bogus"',
  '5': 'time: missing unit in duration "5"',
  '1s5': 'time: missing unit in duration "1s5"',
  '5x': 'time: unknown unit "x" in duration "5x"',
  '.s': 'time: invalid duration ".s"',
  '9223372036855s': 'time: invalid duration "9223372036855s"',
}

for (const [text, message] of Object.entries(invalid)) {
  test(`${JSON.stringify(text)} is no duration`, () => {
    assert.throws(() => parseGoDuration(text), new DurationError(message))
  })
}

const formatted: readonly [ms: number, text: string][] = [
  [0, '0s'],
  [5_000, '5s'],
  [15_020, '15.02s'],
  [65_500, '1m5.5s'],
  [3_600_000, '1h0m0s'],
  [-1_500, '-1.5s'],
  [300, '300ms'],
  [0.25, '250µs'],
  [0.000001, '1ns'],
]

for (const [ms, text] of formatted) {
  test(`${ms} ms are written ${text}`, () => assert.equal(formatGoDuration(ms), text))
}
