import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedFieldsEntry } from '../../machinery/object.ts'
import { parentManagers, scaleManagers } from './scale-managers.ts'

const time = '2026-01-01T00:00:00Z'
const paths = {
  specReplicas: '.spec.size',
  specReplicasOfOthers: { 'e.io/v1beta1': '.spec.count', 'e.io/v1alpha1': null },
  statusReplicas: '.status.size',
}

function entry(manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry {
  const fields = fieldsV1 as Record<string, unknown>
  return {
    manager,
    operation: 'Update',
    apiVersion: 'e.io/v1',
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...more,
  }
}

const size = { 'f:spec': { 'f:size': {} } }
const others = { 'f:spec': { 'f:image': {} } }
const sizeAndMore = { 'f:spec': { 'f:image': {}, 'f:size': {} } }
const replicas = { 'f:spec': { 'f:replicas': {} } }
const inScale = (given: ManagedFieldsEntry) => ({ ...given, apiVersion: 'autoscaling/v1', fieldsV1: replicas })
const options = (entries: readonly ManagedFieldsEntry[]) => ({ entries, apiVersion: 'e.io/v1', paths })

test('the managers of a scale are those of the number, whatever it is called in their version', () => {
  const beta = entry('b', { 'f:spec': { 'f:count': {} } }, { apiVersion: 'e.io/v1beta1' })
  const alpha = entry('c', size, { apiVersion: 'e.io/v1alpha1' })
  const unknown = entry('d', size, { apiVersion: 'e.io/v2' })
  const entries = [entry('a', sizeAndMore), beta, alpha, unknown, entry('e', others)]
  const want = [inScale(entry('a', {})), inScale(entry('b', {}))]
  assert.deepEqual(scaleManagers(options(entries)), want)
})

const untimed = ({ time: _time, ...rest }: ManagedFieldsEntry) => rest
const applier = entry('a', size, { operation: 'Apply' })
const rows: { title: string; entries: ManagedFieldsEntry[]; scale: ManagedFieldsEntry[]; want: object[] }[] = [
  {
    title: 'of whom nobody manages the number stay',
    entries: [entry('a', others)],
    scale: [],
    want: [entry('a', others)],
  },
  {
    title: 'lose the number to who has written the scale',
    entries: [entry('a', sizeAndMore)],
    scale: [inScale(entry('s', {}, { subresource: 'scale' }))],
    want: [untimed(entry('s', size, { subresource: 'scale' })), entry('a', others)],
  },
  {
    title: 'that manage nothing but the number go with it',
    entries: [entry('a', size)],
    scale: [],
    want: [],
  },
  {
    title: 'that have applied the number keep it while the scale says so',
    entries: [applier],
    scale: [inScale(applier)],
    want: [applier],
  },
  {
    title: 'of versions that are gone are forgotten',
    entries: [entry('a', others, { apiVersion: 'e.io/v2' })],
    scale: [],
    want: [],
  },
]
for (const { title, entries, scale, want } of rows) {
  test(`managers of an object ${title}`, () => assert.deepEqual(parentManagers(options(entries), scale), want))
}
