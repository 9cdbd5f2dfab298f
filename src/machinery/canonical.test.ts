import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalForm } from './canonical.ts'
import { decodeValue } from './decode.ts'
import type { FieldSchema, FieldType, ObjectSchema } from './schema.ts'

const text: FieldType = { kind: 'scalar', scalar: 'string' }
const number: FieldType = { kind: 'scalar', scalar: 'int32' }
const object = (name: string, fields: readonly FieldSchema[]): ObjectSchema => ({
  name: `io.example.${name}`,
  fields: new Map(fields.map((field) => [field.name, field])),
})
const inner = object('Inner', [
  { name: 'name', type: text, keepEmpty: true },
  { name: 'count', type: number },
  { name: 'labels', type: { kind: 'map', values: text } },
])
const outer = object('Outer', [
  { name: 'rules', type: { kind: 'list', items: text }, keepEmpty: true },
  { name: 'inner', type: { kind: 'object', type: inner } },
  { name: 'many', type: { kind: 'list', items: { kind: 'object', type: inner } } },
  { name: 'byName', type: { kind: 'map', values: { kind: 'object', type: inner } } },
  { name: 'number', type: number, nullable: true },
])

const cases: { title: string; value: object; stored?: boolean; json: string }[] = [
  {
    title: 'members come in the order of the struct',
    value: { number: 1, inner: { count: 2, name: 'a' }, rules: ['x'] },
    json: '{"rules":["x"],"inner":{"name":"a","count":2},"number":1}',
  },
  {
    title: 'empty members go, those that are always written come',
    value: { inner: { count: 0, labels: {} }, many: [], number: 0 },
    json: '{"rules":null,"inner":{"name":""},"number":0}',
  },
  { title: 'an empty list that is always written stays one', value: { rules: [] }, json: '{"rules":[]}' },
  { title: 'in the store it is none', value: { rules: [] }, stored: true, json: '{"rules":null}' },
  {
    title: 'keys of maps are sorted',
    value: { rules: ['a'], byName: { b: { name: '2' }, a: { name: '1' } } },
    json: '{"rules":["a"],"byName":{"a":{"name":"1"},"b":{"name":"2"}}}',
  },
]
for (const { title, value, stored = false, json } of cases) {
  test(title, () => assert.equal(JSON.stringify(canonicalForm(value, outer, stored)), json))
}

test('what is canonical already is shared', () => {
  const value = { rules: ['a'], inner: { name: 'b' }, number: 3 }
  assert.equal(canonicalForm(value, outer, true), value)
  const many = [{ name: 'a' }]
  assert.equal(canonicalForm({ many, rules: ['a'] }, outer, true).many, many)
})

test('it is what decoding makes of the same value', () => {
  const word = fc.constantFrom('', 'a', 'b', '__proto__')
  const innerValue = fc.record(
    { labels: fc.dictionary(fc.constantFrom('x', 'a', 'm'), word), count: fc.nat({ max: 2 }), name: word },
    { requiredKeys: [] },
  )
  const value = fc.record(
    {
      number: fc.option(fc.nat({ max: 2 })),
      byName: fc.dictionary(fc.constantFrom('z', 'b', 'a'), fc.option(innerValue)),
      many: fc.array(fc.option(innerValue)),
      inner: innerValue,
      rules: fc.option(fc.array(word)),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(value, (input) => {
      const expected = JSON.stringify(decodeValue(input, outer).object)
      assert.equal(JSON.stringify(canonicalForm(input, outer, false)), expected)
    }),
  )
})
