import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FieldSchema, ObjectSchema } from '../schema.ts'
import { jsonEqual } from './patch-error.ts'
import { applyStrategicMergePatch, createTwoWayStrategicMergePatch } from './strategic-merge-patch.ts'

const text = { kind: 'scalar', scalar: 'string' } as const

function schema(name: string, fields: FieldSchema[]): ObjectSchema {
  return { name, fields: new Map(fields.map((field) => [field.name, field])) }
}

const container = schema('Container', [
  { name: 'name', type: text },
  { name: 'image', type: text },
  { name: 'args', type: { kind: 'list', items: text } },
])
const volume = schema('Volume', [
  { name: 'name', type: text },
  { name: 'hostPath', type: { kind: 'map', values: text } },
  { name: 'emptyDir', type: { kind: 'map', values: text } },
])
const pod = schema('Pod', [
  {
    name: 'containers',
    type: { kind: 'list', items: { kind: 'object', type: container } },
    patchStrategy: ['merge'],
    patchMergeKey: 'name',
  },
  {
    name: 'volumes',
    type: { kind: 'list', items: { kind: 'object', type: volume } },
    patchStrategy: ['merge', 'retainKeys'],
    patchMergeKey: 'name',
  },
  { name: 'finalizers', type: { kind: 'list', items: text }, patchStrategy: ['merge'] },
  { name: 'labels', type: { kind: 'map', values: text } },
])

const applications = [
  {
    title: 'merges list items by key',
    have: { containers: [{ name: 'a', image: '1', args: ['x'] }, { name: 'b' }] },
    patch: { containers: [{ name: 'a', image: '2' }] },
    want: { containers: [{ name: 'a', image: '2', args: ['x'] }, { name: 'b' }] },
  },
  {
    title: 'deletes a list item',
    have: { containers: [{ name: 'a' }, { name: 'b' }] },
    patch: { containers: [{ $patch: 'delete', name: 'a' }] },
    want: { containers: [{ name: 'b' }] },
  },
  {
    title: 'replaces a list',
    have: { containers: [{ name: 'a' }] },
    patch: { containers: [{ $patch: 'replace' }, { name: 'c' }] },
    want: { containers: [{ name: 'c' }] },
  },
  {
    title: 'replaces an object',
    have: { labels: { a: '1' } },
    patch: { labels: { $patch: 'replace', b: '2' } },
    want: { labels: { b: '2' } },
  },
  {
    title: 'sets the order of a list',
    have: { containers: [{ name: 'a' }, { name: 'b' }, { name: 's' }] },
    patch: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
    want: { containers: [{ name: 'b' }, { name: 'a' }, { name: 's' }] },
  },
  {
    title: 'deletes from a list of strings',
    have: { finalizers: ['a', 'b', 'c'] },
    patch: { '$deleteFromPrimitiveList/finalizers': ['b'] },
    want: { finalizers: ['a', 'c'] },
  },
  {
    title: 'adds to a list of strings',
    have: { finalizers: ['a'] },
    patch: { finalizers: ['b', 'a'] },
    want: { finalizers: ['b', 'a'] },
  },
  {
    title: 'keeps only the keys to retain',
    have: { volumes: [{ name: 'v', emptyDir: {} }] },
    patch: { volumes: [{ name: 'v', hostPath: { path: '/x' }, $retainKeys: ['name', 'hostPath'] }] },
    want: { volumes: [{ name: 'v', hostPath: { path: '/x' } }] },
  },
  {
    title: 'removes members that are null',
    have: { labels: { a: '1', b: '2' } },
    patch: { labels: { a: null, c: null } },
    want: { labels: { b: '2' } },
  },
  {
    title: 'replaces a list without a strategy',
    have: { containers: [{ name: 'a', args: ['x', 'y'] }] },
    patch: { containers: [{ name: 'a', args: ['z'] }] },
    want: { containers: [{ name: 'a', args: ['z'] }] },
  },
]

for (const { title, have, patch, want } of applications)
  test(`a strategic merge patch ${title}`, () => {
    const before = structuredClone(have)
    assert.deepEqual(applyStrategicMergePatch(have, patch, pod), want)
    assert.deepEqual(have, before, 'the original is left as it was')
  })

const refusals = [
  {
    title: 'no merge key',
    patch: { containers: [{ image: 'i:2' }] },
    want: /^map: map\[image:i:2\] does not contain declared merge key: name$/,
    code: 500,
  },
  {
    title: 'keys that are not to be retained',
    patch: { volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: {} }] },
    want: /^invalid patch format of retainKeys$/,
    code: 400,
  },
  {
    title: 'an unknown directive',
    patch: { $patch: 'x' },
    want: /^unknown patch type: x in map: map\[\$patch:x\]$/,
    code: 500,
  },
  {
    title: 'an order that is not that of the items',
    patch: {
      containers: [{ name: 'b' }, { name: 'a' }],
      '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
    },
    want: /^The order in patch list:/,
    code: 500,
  },
  { title: 'what is no object', patch: [], want: /^invalid JSON document$/, code: 400 },
]

for (const { title, patch, want, code } of refusals)
  test(`a strategic merge patch is refused for ${title}`, () => {
    const have = { containers: [{ name: 'a' }], volumes: [{ name: 'v' }] }
    assert.throws(() => applyStrategicMergePatch(have, patch, pod), { message: want, code })
  })

const names = fc.constantFrom('a', 'b', 'c', 'd')
const pods = fc.record(
  {
    containers: fc.uniqueArray(
      fc.record({ name: names, image: names, args: fc.array(names) }, { requiredKeys: ['name'] }),
      { selector: ({ name }) => name, minLength: 1 },
    ),
    finalizers: fc.uniqueArray(names, { minLength: 1 }),
    labels: fc.dictionary(names, names),
  },
  { requiredKeys: [] },
)

test('the patch made of two objects turns the one into the other', () => {
  fc.assert(
    fc.property(pods, pods, (have, want) => {
      const patch = createTwoWayStrategicMergePatch(have, want, pod)
      const patched = applyStrategicMergePatch(have, patch, pod)
      assert.ok(jsonEqual(patched, JSON.parse(JSON.stringify(want))), JSON.stringify({ have, want, patch, patched }))
    }),
    { numRuns: 2_000 },
  )
})
