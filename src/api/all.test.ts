import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInResources } from './all.ts'
import { allResources } from './schema/resources.ts'

const nameOf = ({ group, version, plural }: { group: string; version: string; plural: string }) =>
  `${group}/${version}/${plural}`

test('every resource of the table is defined, once', () => {
  assert.deepEqual(builtInResources.map(nameOf).sort(), allResources.map(nameOf).sort())
})

test('every definition has a schema', () => {
  for (const definition of builtInResources) assert.ok(definition.schema.fields.size > 0, definition.kind)
})
