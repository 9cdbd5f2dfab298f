import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchema } from '../../machinery/structural-schema/json-schema.ts'
import { openApiType } from './open-api-type.ts'

type Node = Record<string, unknown>

const groupVersionKind = { group: 'e.io', version: 'v1', kind: 'Foo' }
const typeOf = (schema: JsonSchema | undefined, dialect: 'v2' | 'v3'): Node =>
  openApiType({ schema, dialect, groupVersionKind, selectableFields: [] })

/** What is said of the spec, where it has this schema. */
const specOf = (spec: JsonSchema, dialect: 'v2' | 'v3'): unknown =>
  (typeOf({ type: 'object', properties: { spec } }, dialect).properties as Node).spec

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

test('what all objects have is described, so that kubectl can explain it', () => {
  const properties = typeOf({ type: 'object', description: 'Foos.' }, 'v3').properties as Record<string, Node>
  assert.match(properties.apiVersion!.description as string, /^APIVersion defines/)
  assert.match(properties.metadata!.description as string, /^Standard object's metadata/)
  assert.deepEqual(properties.metadata!.allOf, [{ $ref: `#/components/schemas/${meta}` }])
})

test('in v2 the description stands beside the reference', () => {
  const { metadata } = typeOf({ type: 'object' }, 'v2').properties as Record<string, Node>
  assert.equal(metadata!.$ref, `#/definitions/${meta}`)
  assert.match(metadata!.description as string, /^Standard object's metadata/)
})

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const nullable = { type: 'object', nullable: true, properties: { a: { type: 'string' } } }
const feeling = { type: 'string', description: 'How it is.', enum: ['Great', 'Down'] }
const either = { 'x-kubernetes-int-or-string': true }
const choice = [{ type: 'integer' }, { type: 'string' }]

const rows: { title: string; schema: JsonSchema; v2: unknown; v3: unknown }[] = [
  { title: 'descriptions and enums are shown', schema: feeling, v2: feeling, v3: feeling },
  {
    title: 'in v2 an object that may hold anything has no type',
    schema: open,
    v2: { 'x-kubernetes-preserve-unknown-fields': true },
    v3: open,
  },
  { title: 'in v2 what may be null is not described', schema: nullable, v2: {}, v3: nullable },
  { title: 'an int-or-string is one of two', schema: either, v2: either, v3: { ...either, anyOf: choice } },
]
for (const { title, schema, v2, v3 } of rows) {
  test(title, () => {
    assert.deepEqual(specOf(schema, 'v2'), v2)
    assert.deepEqual(specOf(schema, 'v3'), v3)
  })
}

test('a definition without schema is an object of which nothing is known', () => {
  assert.deepEqual(typeOf(undefined, 'v3'), {
    type: 'object',
    'x-kubernetes-group-version-kind': [groupVersionKind],
  })
})
