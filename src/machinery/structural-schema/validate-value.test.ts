import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchema } from './json-schema.ts'
import { listTypeErrors } from './list-types.ts'
import { parseStructuralSchema } from './structural-schema.ts'
import { validateValue } from './validate-value.ts'

const schema = parseStructuralSchema({
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', maxLength: 5, pattern: '^[a-z]+$' },
    size: { type: 'integer', minimum: 1, maximum: 10 },
    ratio: { type: 'number', exclusiveMaximum: true, maximum: 1 },
    color: { type: 'string', enum: ['red', 'blue'] },
    when: { type: 'string', format: 'date-time' },
    port: { 'x-kubernetes-int-or-string': true },
    note: { type: 'string', nullable: true },
    list: { type: 'array', maxItems: 2, items: { type: 'integer' } },
    map: { type: 'object', maxProperties: 1, additionalProperties: { type: 'boolean' } },
    either: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    } as JsonSchema,
  },
})

const errorsOf = (errors: readonly { field: string; detail: string }[]) =>
  errors.map(({ field, detail }) => `${field}: ${detail}`)

const rows: { title: string; value: object; errors: string[] }[] = [
  {
    title: 'all that fits',
    value: { name: 'a', size: 10, ratio: 0.5, color: 'red', when: '2026-01-01T00:00:00Z', port: 'http', note: null },
    errors: [],
  },
  { title: 'an integer that is written as a float', value: { name: 'a', size: 2.0, port: 80 }, errors: [] },
  { title: 'nothing of what is required', value: {}, errors: ['name: Required value'] },
  {
    title: 'a value of another type',
    value: { name: 1 },
    errors: ['name: Invalid value: "integer": name in body must be of type string: "integer"'],
  },
  {
    title: 'a null that may not be',
    value: { name: 'a', color: null },
    errors: [
      'color: Invalid value: "null": color in body must be of type string: "null"',
      'color: Unsupported value: null: supported values: "red", "blue"',
    ],
  },
  {
    title: 'a text that is too long',
    value: { name: 'ABCDEF' },
    errors: ['name: Too long: may not be more than 5 bytes'],
  },
  {
    title: 'a text of another pattern',
    value: { name: 'ABC' },
    errors: ['name: Invalid value: "ABC": name in body should match \'^[a-z]+$\''],
  },
  {
    title: 'numbers out of their range',
    value: { name: 'a', size: 11, ratio: 1 },
    errors: [
      'ratio: Invalid value: 1: ratio in body should be less than 1',
      'size: Invalid value: 11: size in body should be less than or equal to 10',
    ],
  },
  {
    title: 'another value than one of some',
    value: { name: 'a', color: 'green' },
    errors: ['color: Unsupported value: "green": supported values: "red", "blue"'],
  },
  {
    title: 'a text of another format',
    value: { name: 'a', when: 'tomorrow' },
    errors: ['when: Invalid value: "tomorrow": when in body must be of type date-time: "tomorrow"'],
  },
  {
    title: 'too many items, and one of another type',
    value: { name: 'a', list: [1, 2, 'x'] },
    errors: [
      'list: Too many: 3: must have at most 2 items',
      'list[2]: Invalid value: "string": list[2] in body must be of type integer: "string"',
    ],
  },
  {
    title: 'too many members, and one of another type',
    value: { name: 'a', map: { k: true, l: 1 } },
    errors: [
      'map: Too many: 2: must have at most 1 item',
      'map.l: Invalid value: "integer": map.l in body must be of type boolean: "integer"',
    ],
  },
  {
    title: 'both of two that exclude each other',
    value: { name: 'a', either: { a: '1', b: '2' } },
    errors: [
      '<nil>: Invalid value: "": "either" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  },
]
for (const { title, value, errors } of rows) {
  test(`an object with ${title}`, () =>
    assert.deepEqual(errorsOf(validateValue(value, schema)).toSorted(), errors.toSorted()))
}

const ratcheted: { title: string; old: object; value: object; count: number }[] = [
  { title: 'what was wrong before may stay', old: { name: 'ABC' }, value: { name: 'ABC', size: 1 }, count: 0 },
  { title: 'what becomes wrong is refused', old: { name: 'abc' }, value: { name: 'ABC' }, count: 1 },
  { title: 'another wrong value is refused', old: { name: 'ABC' }, value: { name: 'ABD' }, count: 1 },
  {
    title: 'an atomic list that changes is looked at as a whole',
    old: { name: 'a', list: ['x'] },
    value: { name: 'a', list: ['x', 1] },
    count: 1,
  },
  {
    title: 'a member of a map may stay wrong while others change',
    old: { name: 'a', map: { k: 1 } },
    value: { name: 'a', map: { k: 1 }, size: 3 },
    count: 0,
  },
]
for (const { title, old, value, count } of ratcheted) {
  test(`in an update ${title}`, () => {
    assert.equal(validateValue(value, schema, { old: { value: old } }).length, count)
  })
}

const lists = parseStructuralSchema({
  type: 'object',
  properties: {
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    map: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v: { type: 'string' } } },
    },
  },
})
const duplicates: { title: string; value: object; errors: string[] }[] = [
  { title: 'different entries', value: { set: ['a', 'b'], map: [{ k: 'a' }, { k: 'b' }] }, errors: [] },
  { title: 'the same entry thrice', value: { set: ['a', 'a', 'a'] }, errors: ['set[1]: Duplicate value: "a"'] },
  {
    title: 'the same key with other values',
    value: {
      map: [
        { k: 'a', v: '1' },
        { k: 'a', v: '2' },
      ],
    },
    errors: ['map[1]: Duplicate value: {"k":"a"}'],
  },
]
for (const { title, value, errors } of duplicates) {
  test(`lists with ${title}`, () => assert.deepEqual(errorsOf(listTypeErrors(value, lists)), errors))
}
