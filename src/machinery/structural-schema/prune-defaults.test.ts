import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applySchemaDefaults, dropRefusedNulls } from './defaults.ts'
import type { JsonSchema } from './json-schema.ts'
import { pruneValue } from './prune.ts'
import { parseStructuralSchema } from './structural-schema.ts'

const text: JsonSchema = { type: 'string' }
const object = (properties: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
})
const open = { 'x-kubernetes-preserve-unknown-fields': true }

interface PruneRow {
  readonly title: string
  readonly schema: JsonSchema
  readonly value: object
  readonly kept: unknown
  readonly unknown: readonly string[]
}

const pruned: readonly PruneRow[] = [
  {
    title: 'what no property names',
    schema: object({ a: text, b: object({ c: text }) }),
    value: { a: '1', x: 1, b: { c: '2', y: {} } },
    kept: { a: '1', b: { c: '2' } },
    unknown: ['b.y', 'x'],
  },
  {
    title: 'what is unknown in items and in values of maps',
    schema: object({
      list: { type: 'array', items: object({ a: text }) },
      map: { type: 'object', additionalProperties: object({ a: text }) },
    }),
    value: { list: [{ a: '1' }, { b: '2' }], map: { k: { a: '1', c: '3' } } },
    kept: { list: [{ a: '1' }, {}], map: { k: { a: '1' } } },
    unknown: ['list[1].b', 'map.k.c'],
  },
  {
    title: 'nothing where unknown fields are preserved, but below the properties there',
    schema: object({ a: object({ known: object({ b: text }) }, open) }),
    value: { a: { any: { thing: 1 }, known: { b: '1', c: '2' } } },
    kept: { a: { any: { thing: 1 }, known: { b: '1' } } },
    unknown: ['a.known.c'],
  },
  {
    title: 'no metadata of objects and of embedded ones',
    schema: object({ template: object({}, { 'x-kubernetes-embedded-resource': true }) }),
    value: { kind: 'Foo', metadata: { name: 'a' }, template: { kind: 'Bar', metadata: { labels: {} }, spec: {} } },
    kept: { kind: 'Foo', metadata: { name: 'a' }, template: { kind: 'Bar', metadata: { labels: {} } } },
    unknown: ['template.spec'],
  },
  {
    title: 'a member called __proto__ like any other',
    schema: object({ a: text }),
    value: JSON.parse('{"a":"1","__proto__":{"b":1}}'),
    kept: { a: '1' },
    unknown: ['__proto__'],
  },
]
for (const { title, schema, value, kept, unknown } of pruned) {
  test(`pruned is ${title}`, () => {
    assert.deepEqual(pruneValue(value, parseStructuralSchema(schema), { isResourceRoot: true }), unknown)
    assert.deepEqual(value, kept)
  })
}

const one = { type: 'integer', default: 1 }
const filled: { title: string; schema: JsonSchema; value: object; want: unknown }[] = [
  { title: 'a member that is left out', schema: object({ a: one }), value: {}, want: { a: 1 } },
  { title: 'nothing that is there', schema: object({ a: one }), value: { a: 0 }, want: { a: 0 } },
  {
    title: 'members of objects that are there, not of those that are not',
    schema: object({ a: object({ b: one }), c: object({ d: one }) }),
    value: { a: {} },
    want: { a: { b: 1 } },
  },
  {
    title: 'what is in a default',
    schema: object({ a: object({ b: one }, { default: {} }) }),
    value: {},
    want: { a: { b: 1 } },
  },
  {
    title: 'items and values of maps',
    schema: object({
      list: { type: 'array', items: object({ a: one }) },
      map: { type: 'object', additionalProperties: object({ a: one }) },
    }),
    value: { list: [{}, { a: 2 }], map: { k: {} } },
    want: { list: [{ a: 1 }, { a: 2 }], map: { k: { a: 1 } } },
  },
  { title: 'a null that may not be', schema: object({ a: one }), value: { a: null }, want: { a: 1 } },
  {
    title: 'no null that may be',
    schema: object({ a: { ...one, nullable: true } }),
    value: { a: null },
    want: { a: null },
  },
]
for (const { title, schema, value, want } of filled) {
  test(`defaults fill ${title}`, () => {
    const parsed = parseStructuralSchema(schema)
    applySchemaDefaults(value, parsed)
    assert.deepEqual(value, want)
    applySchemaDefaults(value, parsed)
    assert.deepEqual(value, want, 'and a second time nothing')
  })
}

test('a default belongs to the object that has it', () => {
  const schema = parseStructuralSchema(object({ a: object({ b: text }, { default: { b: 'x' } }) }))
  const [first, second] = [{}, {}] as { a?: { b: string } }[]
  applySchemaDefaults(first, schema)
  applySchemaDefaults(second, schema)
  first!.a!.b = 'y'
  assert.deepEqual(second, { a: { b: 'x' } })
})

test('nulls are dropped that may not be and have no default', () => {
  const schema = parseStructuralSchema(
    object({ a: text, b: { ...text, nullable: true }, c: { ...text, default: 'x' } }),
  )
  const value = { a: null, b: null, c: null, d: null }
  dropRefusedNulls(value, schema)
  assert.deepEqual(value, { b: null, c: null, d: null })
})
