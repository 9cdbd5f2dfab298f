import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectMeta } from './object.ts'
import { metadataErrors, metadataUpdateErrors } from './object-metadata.ts'
import { subdomainName } from './object-names.ts'

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }

for (const { title, metadata, want } of [
  { title: 'a plain name', metadata: {}, want: [] },
  {
    title: 'no name',
    metadata: { name: '' },
    want: ['metadata.name: Required value: name or generateName is required'],
  },
  {
    title: 'annotations past 256 KiB',
    metadata: { annotations: { a: 'x'.repeat(256 * 1024) } },
    want: ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  },
  {
    title: 'an owner without uid',
    metadata: { ownerReferences: [{ ...owner, uid: '' }] },
    want: ['metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
  },
  {
    title: 'an Event as owner',
    metadata: { ownerReferences: [{ ...owner, kind: 'Event' }] },
    want: [
      'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"p","uid":"u"}: ' +
        '/v1, Kind=Event is disallowed from being an owner',
    ],
  },
  {
    title: 'both finalizers of the garbage collector',
    metadata: { finalizers: ['orphan', 'foregroundDeletion'] },
    want: [
      'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: ' +
        'finalizer orphan and foregroundDeletion cannot be both set',
    ],
  },
  {
    title: 'managed fields of no known operation',
    metadata: { managedFields: [{ manager: 'm', operation: 'Take' }] },
    want: ['metadata.managedFields[0].operation: Invalid value: "Take": must be `Apply` or `Update`'],
  },
] as readonly { title: string; metadata: ObjectMeta; want: string[] }[]) {
  test(`metadata with ${title} has ${want.length} errors`, () => {
    const errors = metadataErrors({ name: 'c', namespace: 'a', ...metadata }, true, subdomainName)
    assert.deepEqual(
      errors.map(({ field, detail }) => `${field}: ${detail}`),
      want,
    )
  })
}

test('an object under deletion gets no new finalizers', () => {
  const old = { name: 'c', uid: 'u', resourceVersion: '1', deletionTimestamp: '2026-01-01T00:00:00Z' }
  const [error] = metadataUpdateErrors({ ...old, finalizers: ['example.com/b', 'example.com/a'] }, old)
  assert.equal(
    error?.detail,
    'Forbidden: no new finalizers can be added if the object is being deleted, ' +
      'found new finalizers []string{"example.com/a", "example.com/b"}',
  )
})
