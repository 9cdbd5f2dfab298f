import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyJsonPatch, type JsonPatchOperation, readJsonPatch } from './json-patch.ts'
import { applyMergePatch, createMergePatch } from './merge-patch.ts'
import { jsonEqual, PatchError } from './patch-error.ts'

const document = { a: { b: [1, 2, 3] }, 'c/d': 'x', n: null }

const applications: { title: string; patch: JsonPatchOperation[]; want: unknown }[] = [
  { title: 'adds a member', patch: [{ op: 'add', path: '/e', value: 1 }], want: { ...document, e: 1 } },
  {
    title: 'inserts an item',
    patch: [{ op: 'add', path: '/a/b/1', value: 9 }],
    want: { ...document, a: { b: [1, 9, 2, 3] } },
  },
  {
    title: 'appends an item',
    patch: [{ op: 'add', path: '/a/b/-', value: 9 }],
    want: { ...document, a: { b: [1, 2, 3, 9] } },
  },
  { title: 'unescapes names', patch: [{ op: 'remove', path: '/c~1d' }], want: { a: document.a, n: null } },
  {
    title: 'moves',
    patch: [{ op: 'move', from: '/a/b/0', path: '/m' }],
    want: { ...document, a: { b: [2, 3] }, m: 1 },
  },
  { title: 'copies', patch: [{ op: 'copy', from: '/a', path: '/z' }], want: { ...document, z: document.a } },
  { title: 'tests a missing member for null', patch: [{ op: 'test', path: '/nope', value: null }], want: document },
]

for (const { title, patch, want } of applications)
  test(`a JSON patch ${title}`, () => {
    const before = structuredClone(document)
    assert.deepEqual(applyJsonPatch(document, patch), want)
    assert.deepEqual(document, before)
  })

const refusals: { patch: JsonPatchOperation; want: string }[] = [
  {
    patch: { op: 'remove', path: '/nope' },
    want: "error in remove for path: '/nope': Unable to remove nonexistent key: nope: missing value",
  },
  {
    patch: { op: 'add', path: '/x/y', value: 1 },
    want: 'add operation does not apply: doc is missing path: "/x/y": missing value',
  },
  {
    patch: { op: 'add', path: '/a/b/7', value: 1 },
    want: "error in add for path: '/a/b/7': Unable to access invalid index: 7: invalid index referenced",
  },
  { patch: { op: 'test', path: '/a', value: 1 }, want: 'testing value /a failed: test failed' },
  {
    patch: { op: 'replace', path: '/x/y', value: 1 },
    want: 'replace operation does not apply: doc is missing path: /x/y: missing value',
  },
  { patch: { op: 'frob', path: '/a' }, want: 'Unexpected kind: frob' },
]

for (const { patch, want } of refusals)
  test(`a JSON patch is refused: ${want}`, () =>
    assert.throws(() => applyJsonPatch(document, [patch]), { message: want, code: 422 }))

test('a JSON patch is a list of operations', () => {
  assert.throws(() => readJsonPatch({ op: 'add' }), {
    message: 'json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  })
})

const values = fc.jsonValue({ maxDepth: 3 })
const pointers = fc
  .array(fc.constantFrom('a', 'b', '0', '-', '', '__proto__'), { maxLength: 4 })
  .map((parts) => parts.map((part) => `/${part}`).join(''))
const operations = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
  path: pointers,
  from: pointers,
  value: values,
})

test('no JSON patch does more than apply or be refused', () => {
  fc.assert(
    fc.property(values, fc.array(operations, { maxLength: 6 }), (have, patch) => {
      try {
        applyJsonPatch(have, patch)
      } catch (error) {
        if (!(error instanceof PatchError)) throw error
      }
    }),
    { numRuns: 3_000 },
  )
})

const withoutNulls = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.constantFrom('x', 'y'), fc.string())),
)

test('the merge patch made of two objects turns the one into the other', () => {
  fc.assert(
    fc.property(withoutNulls, withoutNulls, (have, want) =>
      assert.ok(jsonEqual(applyMergePatch(have, createMergePatch(have, want)), want)),
    ),
    { numRuns: 2_000 },
  )
})
