import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeValue } from './decode.ts'
import type { FieldSchema, ObjectSchema } from './schema.ts'

const text = { kind: 'scalar', scalar: 'string' } as const
const fields: FieldSchema[] = [
  { name: 'rules', type: { kind: 'list', items: text }, keepEmpty: true },
  { name: 'names', type: { kind: 'list', items: text } },
  { name: 'labels', type: { kind: 'map', values: text }, keepEmpty: true },
]
const schema: ObjectSchema = { name: 'io.example.Thing', fields: new Map(fields.map((field) => [field.name, field])) }
const nothing = { rules: [], names: [], labels: {} }

test('decoding keeps empty lists and maps of fields that are always written', () => {
  assert.deepEqual(decodeValue(nothing, schema).object, { rules: [], labels: {} })
})
