import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstCommonIndex, readIndexes } from './index-intervals.ts'

const rows = [
  { text: '', want: { ok: true, count: 0 } },
  { text: '0,2-4,6', want: { ok: true, count: 5 } },
  { text: '1-2-3', why: 'at most two parts' },
  { text: 'a', why: 'cannot convert string to integer for index: "a"' },
  { text: '7', why: 'too large index: "7"' },
  { text: '3-2', why: 'non-increasing order, previous: 3, current: 2' },
  { text: '3,3', why: 'non-increasing order, previous: 3, current: 3' },
]

for (const { text, want, why } of rows) {
  test(`the indexes ${JSON.stringify(text)} ${why ? 'are refused' : 'are counted'}`, () => {
    const result = readIndexes(text, 7)
    if (want) assert.deepEqual(result, want)
    else assert.ok(!result.ok && result.why.includes(why!), JSON.stringify(result))
  })
}

test('the first index that two sets share is found', () => {
  assert.equal(firstCommonIndex('0,2-4', '1,4-6', 7), 4)
  assert.equal(firstCommonIndex('0,2', '1,3', 7), undefined)
})
