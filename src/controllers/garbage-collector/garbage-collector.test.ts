import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '../../api/types/resources.ts'
import type { KubeObject, OwnerReference } from '../../machinery/object.ts'
import { OwnerGraph } from './graph.ts'
import { type DeletionAction, type DeletionView, planDeletion } from './plan-deletion.ts'

const reference = (uid: string, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  blockOwnerDeletion,
})

interface Row {
  title: string
  view: Partial<Omit<DeletionView, 'owners'>> & { solid?: string[]; absent?: string[]; waiting?: string[] }
  want: DeletionAction
}

const remove = (policy: 'Orphan' | 'Foreground' | 'Background', unblock = false): DeletionAction => ({
  type: 'delete',
  policy,
  unblock,
})
const withFinalizer = (finalizer: string): KubeObject => ({ metadata: { finalizers: [finalizer] } })

const rows: Row[] = [
  { title: 'without owners it stays', view: {}, want: { type: 'keep' } },
  { title: 'with an owner that is there it stays', view: { solid: ['a'] }, want: { type: 'keep' } },
  {
    title: 'with one owner there and one not it forgets the other',
    view: { solid: ['a'], absent: ['b'] },
    want: { type: 'dropReferences', keep: [reference('a')] },
  },
  {
    title: 'with one owner there it does not wait with one that goes',
    view: { solid: ['a'], waiting: ['b'] },
    want: { type: 'dropReferences', keep: [reference('a')] },
  },
  { title: 'with all owners gone it goes in the background', view: { absent: ['a'] }, want: remove('Background') },
  {
    title: 'as its own deletion asked for: orphaning',
    view: { absent: ['a'], object: withFinalizer('orphan') },
    want: remove('Orphan'),
  },
  {
    title: 'as its own deletion asked for: in the foreground',
    view: { absent: ['a'], object: withFinalizer('foregroundDeletion') },
    want: remove('Foreground'),
  },
  {
    title: 'an owner that waits, no dependants: in the background',
    view: { waiting: ['a'] },
    want: remove('Background'),
  },
  {
    title: 'an owner that waits, dependants: in the foreground',
    view: { waiting: ['a'], dependents: 2 },
    want: remove('Foreground'),
  },
  {
    title: 'a dependant that waits too: the circle is broken first',
    view: { waiting: ['a'], dependents: 2, dependentWaits: true },
    want: remove('Foreground', true),
  },
]
for (const { title, view, want } of rows) {
  test(`an object ${title}`, () => {
    const { solid = [], absent = [], waiting = [], object = {}, dependents = 0, dependentWaits = false } = view
    const references = (uids: string[]) => uids.map((uid) => reference(uid))
    const owners = { solid: references(solid), absent: references(absent), waiting: references(waiting) }
    assert.deepEqual(planDeletion({ object, owners, dependents, dependentWaits }), want)
  })
}

const object = (uid: string, owners: OwnerReference[] = [], extra: KubeObject['metadata'] = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: uid, namespace: 'ns', uid, ownerReferences: owners, ...extra },
})

test('an owner nobody has seen is looked for, and when it is gone its dependants are looked at', () => {
  const graph = new OwnerGraph()
  assert.deepEqual(graph.observe(object('child', [reference('owner')]), configMaps).tryDelete, ['owner'])
  assert.deepEqual(graph.forget('owner').tryDelete, ['child'])
})

test('seeing the owner later keeps its dependants', () => {
  const graph = new OwnerGraph()
  graph.observe(object('child', [reference('owner')]), configMaps)
  graph.observe(object('owner'), configMaps)
  assert.deepEqual(graph.forget('owner').tryDelete, ['child'])
})

test('a foreground deletion looks at the dependants and waits for those that block', () => {
  const graph = new OwnerGraph()
  graph.observe(object('owner'), configMaps)
  graph.observe(object('blocking', [reference('owner')]), configMaps)
  graph.observe(object('free', [reference('owner', false)]), configMaps)
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] }
  assert.deepEqual(graph.observe(object('owner', [], going), configMaps).tryDelete, ['blocking', 'free', 'owner'])
  assert.deepEqual(
    graph.blockingDependents(graph.get('owner')!).map(({ uid }) => uid),
    ['blocking'],
  )
  assert.deepEqual(graph.forget('blocking').tryDelete, ['owner'])
})

test('a dependant that no longer blocks lets its owner be looked at again', () => {
  const graph = new OwnerGraph()
  graph.observe(object('owner'), configMaps)
  graph.observe(object('child', [reference('owner')]), configMaps)
  assert.deepEqual(graph.observe(object('child', [reference('owner', false)]), configMaps).tryDelete, ['owner'])
  assert.deepEqual(graph.observe(object('child'), configMaps).tryDelete, [])
  assert.equal(graph.get('owner')?.dependents.size, 0)
})

test('an orphaning deletion is told apart', () => {
  const graph = new OwnerGraph()
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['orphan'] }
  assert.deepEqual(graph.observe(object('owner', [], going), configMaps), { tryDelete: [], tryOrphan: ['owner'] })
})
