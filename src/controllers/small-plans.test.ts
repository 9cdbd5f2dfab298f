import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scaledCount } from './int-or-percent.ts'
import { freeRanges } from './node-ranges.ts'
import { templateHash } from './pod-template-hash.ts'
import { slowStart } from './slow-start.ts'

const rangeRows: [title: string, cidrs: string[], taken: string[], want: string[] | undefined][] = [
  ['the first', ['10.244.0.0/16'], [], ['10.244.0.0/24']],
  ['the first free one', ['10.244.0.0/16'], ['10.244.0.0/24', '10.244.2.0/24'], ['10.244.1.0/24']],
  ['not inside a larger one that is taken', ['10.244.0.0/16'], ['10.244.0.0/23'], ['10.244.2.0/24']],
  ['none is left', ['10.0.0.0/24'], ['10.0.0.0/24'], undefined],
  ['one of each family', ['10.244.0.0/16', 'fd00::/56'], ['fd00::/64'], ['10.244.0.0/24', 'fd00:0:0:1::/64']],
  ['a network smaller than a range is one', ['10.0.0.0/26'], [], ['10.0.0.0/26']],
]
for (const [title, cidrs, taken, want] of rangeRows) {
  test(`node ranges: ${title}`, () => assert.deepEqual(freeRanges(cidrs, taken), want))
}

const countRows: [value: number | string | undefined, total: number, round: 'up' | 'down', want: number][] = [
  ['25%', 10, 'up', 3],
  ['25%', 10, 'down', 2],
  ['0%', 10, 'up', 0],
  [3, 10, 'up', 3],
  [undefined, 10, 'up', 0],
]
for (const [value, total, round, want] of countRows) {
  test(`${value} of ${total} rounded ${round} is ${want}`, () => assert.equal(scaledCount(value, total, round), want))
}

test('a template hash does not hang on the order of fields or on empty ones, and has no vowels', () => {
  const hash = templateHash({ spec: { b: 1, a: 'x' }, metadata: { labels: { app: 'web' } } })
  assert.equal(
    templateHash({ metadata: { labels: { app: 'web' }, annotations: {} }, spec: { a: 'x', b: 1, c: '' } }),
    hash,
  )
  assert.notEqual(templateHash({ spec: { b: 1, a: 'x' }, metadata: { labels: { app: 'web' } } }, 1), hash)
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
})

test('slow start doubles its batches and stops after the first that fails', async () => {
  const batches: number[] = []
  let running = 0
  let calls = 0
  const work = async () => {
    calls += 1
    running += 1
    if (running === 1) queueMicrotask(() => batches.push(running))
    await Promise.resolve()
    await Promise.resolve()
    running -= 1
    if (calls >= 7) throw new Error('quota')
  }
  const { successes, error } = await slowStart(100, work)
  assert.deepEqual(batches, [1, 2, 4])
  assert.equal(calls, 7)
  assert.ok(successes >= 3 && successes < 7)
  assert.match(String(error), /quota/)
})
