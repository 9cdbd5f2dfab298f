import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scaledCount } from './int-or-percent.ts'
import { NodeRanges } from './node-ranges.ts'
import { templateHash } from './pod-template-hash.ts'
import { slowStart } from './slow-start.ts'

const rangeRows: [title: string, cidr: string, taken: string[], want: (string | undefined)[]][] = [
  ['one after the other', '10.244.0.0/16', [], ['10.244.0.0/24', '10.244.1.0/24']],
  [
    'those that are taken are left out',
    '10.244.0.0/16',
    ['10.244.0.0/24', '10.244.2.0/24'],
    ['10.244.1.0/24', '10.244.3.0/24'],
  ],
  ['none inside a larger one that is taken', '10.244.0.0/16', ['10.244.0.0/23'], ['10.244.2.0/24']],
  ['none is left', '10.0.0.0/24', ['10.0.0.0/24'], [undefined]],
  ['IPv6', 'fd00::/56', ['fd00::/64', '10.0.0.0/24'], ['fd00:0:0:1::/64']],
  [
    'a network smaller than a range is one',
    '10.0.0.0/26',
    ['10.0.1.0/26', '9.255.255.0/26'],
    ['10.0.0.0/26', undefined],
  ],
]
for (const [title, cidr, taken, want] of rangeRows) {
  test(`node ranges: ${title}`, () => {
    const ranges = new NodeRanges(cidr)
    for (const range of taken) ranges.occupy(range)
    assert.deepEqual(
      want.map(() => ranges.take()),
      want,
    )
  })
}

test('node ranges: a range that was given back comes again when the others are used up', () => {
  const ranges = new NodeRanges('10.0.0.0/23')
  ranges.take()
  ranges.take()
  ranges.release('10.0.0.0/24')
  assert.deepEqual([ranges.take(), ranges.take()], ['10.0.0.0/24', undefined])
})

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
