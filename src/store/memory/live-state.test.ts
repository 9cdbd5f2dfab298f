import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Entry, Snapshot } from '../store.ts'
import { LiveState } from './live-state.ts'

const keyOf = (number: number) => `/k/${String(number).padStart(4, '0')}`

function entryOf(number: number, revision: number): Entry {
  return { key: keyOf(number), value: Buffer.from('x'), revision, createRevision: revision, attachment: undefined }
}

/** A run of neighbouring keys written or removed at once, so that nodes of the tree split and merge. */
const run = fc.record({
  first: fc.integer({ min: 0, max: 1_500 }),
  length: fc.integer({ min: 1, max: 300 }),
  removes: fc.boolean(),
  snapshots: fc.boolean(),
})

test('the tree and all its snapshots hold what plain maps hold', () => {
  const property = fc.property(fc.array(run, { minLength: 1, maxLength: 30 }), (runs) => {
    const live = new LiveState()
    const model = new Map<string, Entry>()
    const kept: { snapshot: Snapshot; expected: Map<string, Entry> }[] = []
    let revision = 0
    for (const { first, length, removes, snapshots } of runs) {
      for (let number = first; number < first + length; number++) {
        const entry = entryOf(number, ++revision)
        assert.equal(removes ? live.delete(entry.key) : live.put(entry), model.get(entry.key))
        if (removes) model.delete(entry.key)
        else model.set(entry.key, entry)
      }
      if (snapshots) kept.push({ snapshot: live.snapshot(revision), expected: new Map(model) })
    }
    kept.push({ snapshot: live.snapshot(revision), expected: model })
    for (const { snapshot, expected } of kept) assertHolds(snapshot, expected)
    assert.equal(live.size, model.size)
    assert.equal(live.liveBytes, model.size * (keyOf(0).length + 1))
  })
  fc.assert(property, { numRuns: 60 })
})

function assertHolds(snapshot: Snapshot, expected: Map<string, Entry>): void {
  const sorted = [...expected.keys()].sort()
  const [start, end] = [keyOf(200), keyOf(900)]
  const within = sorted.filter((key) => key >= start && key < end)
  const keys = (entries: Iterable<Entry>) => Array.from(entries, ({ key }) => key)
  assert.deepEqual(keys(snapshot.range('', '~')), sorted)
  assert.deepEqual(keys(snapshot.range(start, end)), within)
  assert.deepEqual(keys(snapshot.slice(start, end, 7)), within.slice(0, 7))
  assert.equal(snapshot.count(start, end), within.length)
  for (const key of sorted) assert.equal(snapshot.get(key), expected.get(key))
}

test('readers of the same state share one snapshot', () => {
  const live = new LiveState()
  live.put(entryOf(1, 1))
  assert.equal(live.snapshot(1), live.snapshot(1))
  live.put(entryOf(2, 2))
  assert.equal(live.snapshot(2).count('', '~'), 2)
})
