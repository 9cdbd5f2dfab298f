import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '../../api/core/config-map.ts'
import type { Entry } from '../../store/store.ts'
import { isUnchanged, servedObject, toStorageForm } from './stored-object.ts'

const draft = () => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  data: { tricky: '"resourceVersion":""' },
  metadata: { labels: { b: '1', a: '2' }, name: 'c', uid: 'u' },
})

function entryOf(value: Uint8Array, attachment?: unknown): Entry {
  return { key: '/registry/configmaps/a/c', value, revision: 42, createRevision: 42, attachment }
}

for (const { title, entry } of [
  {
    title: 'written here',
    entry: () => {
      const form = toStorageForm(configMap, draft())
      return entryOf(form.bytes, form)
    },
  },
  { title: 'read from the store', entry: () => entryOf(toStorageForm(configMap, draft()).bytes) },
]) {
  test(`an object ${title} is served with its version in its place`, () => {
    const served = servedObject(entry(), configMap)
    assert.deepEqual(JSON.parse(Buffer.from(served.json()).toString()), served.object)
    assert.equal(served.object.metadata?.resourceVersion, '42')
    assert.match(Buffer.from(served.json()).toString(), /^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name"/)
  })
}

test('an entry is decoded once', () => {
  const entry = entryOf(toStorageForm(configMap, draft()).bytes)
  assert.equal(servedObject(entry, configMap), servedObject(entry, configMap))
})

test('the last state of a deleted object carries the version of its deletion', () => {
  const served = servedObject(entryOf(toStorageForm(configMap, draft()).bytes), configMap)
  const last = served.at(43)
  assert.equal(last.object.metadata?.resourceVersion, '43')
  assert.equal(JSON.parse(Buffer.from(last.json()).toString()).metadata.resourceVersion, '43')
  assert.equal(served.at(43), last)
})

test('the order of map keys is no change', () => {
  const entry = entryOf(toStorageForm(configMap, draft()).bytes)
  const reordered = { ...draft(), metadata: { name: 'c', uid: 'u', labels: { a: '2', b: '1' } } }
  assert.ok(isUnchanged(toStorageForm(configMap, reordered), entry))
  const changed = { ...draft(), metadata: { name: 'c', uid: 'u', labels: { a: '1', b: '2' } } }
  assert.ok(!isUnchanged(toStorageForm(configMap, changed), entry))
})
