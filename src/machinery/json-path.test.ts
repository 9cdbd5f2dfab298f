import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonPathError, parseJsonPath } from './json-path.ts'

const object = {
  spec: { name: 'x', 'odd.key': 1, list: ['a', 'b', 'c', 'd'], none: null },
  status: {
    conditions: [
      { type: 'Other', status: 'U', n: 1 },
      { type: 'Ready', status: 'True', n: 2 },
    ],
  },
}

const found: { path: string; want: unknown[] }[] = [
  { path: '.spec.name', want: ['x'] },
  { path: '$.spec.name', want: ['x'] },
  { path: '.spec.missing.deep', want: [] },
  { path: '.spec.none', want: [null] },
  { path: ".spec['odd\\.key']", want: [1] },
  { path: '.spec.odd\\.key', want: [1] },
  { path: '.spec.list[0]', want: ['a'] },
  { path: '.spec.list[-1]', want: ['d'] },
  { path: '.spec.list[1:3]', want: ['b', 'c'] },
  { path: '.spec.list[::2]', want: ['a', 'c'] },
  { path: '.spec.list[*]', want: ['a', 'b', 'c', 'd'] },
  { path: '.spec.list[0,2]', want: ['a', 'c'] },
  { path: '.status.conditions[?(@.type=="Ready")].status', want: ['True'] },
  { path: '.status.conditions[?(@.n>1)].type', want: ['Ready'] },
  { path: '.status.conditions[?(@.missing)].type', want: [] },
  { path: '.status.conditions[*].type', want: ['Other', 'Ready'] },
  { path: '..type', want: ['Other', 'Ready'] },
  { path: '.status.conditions.type', want: [] },
]

for (const { path, want } of found) {
  test(`${path} leads to ${JSON.stringify(want)}`, () => assert.deepEqual(parseJsonPath(path)(object), want))
}

for (const path of ['.a[', '.a[?(@.b', '.a["x"]', '#', '.a[?(@.b==1)', "'x"]) {
  test(`${path} is no path`, () => assert.throws(() => parseJsonPath(path), JsonPathError))
}

for (const path of ['.spec.list[9]', '.spec.name[0]', '.spec[?(@.x)]', '.status.conditions[?(@.n=="2")]']) {
  test(`${path} cannot be followed`, () => assert.throws(() => parseJsonPath(path)(object), JsonPathError))
}
