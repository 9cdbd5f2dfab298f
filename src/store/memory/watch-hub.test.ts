import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { Change, Revision } from '../store.ts'
import { WatchHub } from './watch-hub.ts'

const newHub = (clock = new VirtualClock()) => new WatchHub({ clock, log: silentLogger, progressIntervalMs: 1_000 })

function changeOf(key: string, revision: Revision): Change {
  const entry = { key, value: Buffer.from('x'), revision, createRevision: revision, attachment: undefined }
  return { type: 'put', key, revision, entry, previous: undefined }
}

test('the index by prefix tells each watcher what comparing every prefix would', () => {
  const letters = fc.constantFrom('/', 'a', 'b')
  const path = fc.array(letters, { maxLength: 5 }).map((parts) => parts.join(''))
  const property = fc.property(fc.array(path), fc.array(path, { minLength: 1 }), (prefixes, keys) => {
    const hub = newHub()
    const told = prefixes.map((prefix) => {
      const heard: Change[] = []
      hub.add({ prefix, after: 0, onChanges: (changes) => heard.push(...changes) }, [], 0)
      return heard
    })
    const changes = keys.map((key, index) => changeOf(key, index + 1))
    hub.dispatch(changes, keys.length)
    prefixes.forEach((prefix, index) => {
      const expected = changes.filter(({ key }) => key.startsWith(prefix))
      assert.deepEqual(told[index], expected)
    })
  })
  fc.assert(property)
})

test('watchers of the same prefix are handed the same array', () => {
  const hub = newHub()
  const heard: (readonly Change[])[] = []
  for (let watcher = 0; watcher < 2; watcher++) {
    hub.add({ prefix: '/p/', after: 0, onChanges: (changes) => heard.push(changes) }, [], 0)
  }
  hub.dispatch([changeOf('/p/a', 1)], 1)
  assert.equal(heard.length, 2)
  assert.equal(heard[0], heard[1])
})

test('a watcher cancelled by another one hears nothing of the same batch', () => {
  const hub = newHub()
  let cancelSecond = () => assert.fail('not added yet')
  hub.add({ prefix: '/', after: 0, onChanges: () => cancelSecond() }, [], 0)
  cancelSecond = hub.add({ prefix: '/', after: 0, onChanges: () => assert.fail('cancelled') }, [], 0) as () => never
  hub.dispatch([changeOf('/a', 1)], 1)
})

test('a watch that starts in the future hears only what comes after its start', () => {
  const hub = newHub()
  const heard: Revision[] = []
  hub.add({ prefix: '/', after: 2, onChanges: (changes) => heard.push(...changes.map((each) => each.revision)) }, [], 1)
  hub.dispatch([changeOf('/a', 2), changeOf('/a', 3)], 3)
  assert.deepEqual(heard, [3])
})

test('no timer runs while there is nothing to tell', async () => {
  const clock = new VirtualClock()
  const hub = newHub(clock)
  const progress: Revision[] = []
  hub.add({ prefix: '/p/', after: 0, onChanges: () => undefined, onProgress: (at) => progress.push(at) }, [], 0)
  assert.equal(clock.pendingTimers, 0)
  hub.dispatch([changeOf('/q/a', 1)], 1)
  assert.equal(clock.pendingTimers, 1)
  await clock.advanceMs(60_000)
  assert.deepEqual(progress, [1])
  assert.equal(clock.pendingTimers, 0)
})
