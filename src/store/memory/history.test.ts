import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change } from '../store.ts'
import { History } from './history.ts'

const sizeEach = 10

/** A change of ten bytes at every revision from 1 to `count`, on keys of two prefixes in turn. */
function historyOf(count: number): History {
  const history = new History()
  const changes = Array.from({ length: count }, (_, index): Change => {
    const [key, revision] = [index % 2 === 0 ? '/p/a' : '/q/a', index + 1]
    const value = new Uint8Array(sizeEach - key.length)
    const entry = { key, value, revision, createRevision: revision, attachment: undefined }
    return { type: 'put', key, revision, entry, previous: undefined }
  })
  history.append(changes)
  return history
}

const revisions = (changes: readonly Change[]) => changes.map(({ revision }) => revision)

test('history is found by revision and prefix, also after its beginning was dropped', () => {
  const history = historyOf(10)
  assert.deepEqual(revisions(history.after(7, '/')), [8, 9, 10])
  assert.deepEqual(revisions(history.after(6, '/p/')), [7, 9])
  for (const through of [3, 8]) {
    history.dropThrough(through)
    assert.equal(history.length, 10 - through)
    assert.equal(history.after(0, '/')[0]!.revision, through + 1)
  }
  history.dropThrough(10)
  assert.deepEqual(history.after(0, '/'), [])
})

const limits = [
  { title: 'within both limits nothing', maxChanges: 100, maxBytes: 100 * sizeEach, excess: undefined },
  { title: 'over the number an eighth more', maxChanges: 80, maxBytes: 1_000_000, excess: 30 },
  { title: 'over the bytes an eighth more', maxChanges: 1_000, maxBytes: 80 * sizeEach, excess: 30 },
  { title: 'with no room at all everything', maxChanges: 0, maxBytes: 0, excess: 100 },
]

for (const { title, excess, ...limit } of limits) {
  test(`${title} has to go`, () => {
    const history = historyOf(100)
    assert.equal(history.excess(limit), excess)
    if (excess !== undefined) history.dropThrough(excess)
    assert.equal(history.excess(limit), undefined)
  })
}
