import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '../types/apiextensions/v1.ts'
import { formatWarnings } from './format-warnings.ts'

function definitionOf(...formats: readonly { type?: string; format: string }[]): CustomResourceDefinition {
  const properties = Object.fromEntries(formats.map((format, index) => [`p${index}`, format]))
  const schema = { openAPIV3Schema: { type: 'object', properties } }
  const versions = [{ name: 'v1', served: true, storage: true, schema }]
  return { spec: { group: 'e.io', scope: 'Cluster', names: { plural: 'foos', kind: 'Foo' }, versions } }
}

const rows = [
  { title: 'a known format of texts', formats: [{ type: 'string', format: 'date-time' }], warnings: [] },
  { title: 'a known format without type', formats: [{ format: 'k8s-short-name' }], warnings: [] },
  { title: 'a known format of integers', formats: [{ type: 'integer', format: 'int64' }], warnings: [] },
  {
    title: 'formats of other types, each once',
    formats: [
      { type: 'integer', format: 'float' },
      { type: 'boolean', format: 'yes-no' },
      { type: 'string', format: 'yes-no' },
    ],
    warnings: ['unrecognized format "float"', 'unrecognized format "yes-no"'],
  },
]
for (const { title, formats, warnings } of rows) {
  test(`a definition with ${title}`, () =>
    assert.deepEqual(formatWarnings(definitionOf(...formats), undefined), warnings))
}

test('a format that was there before is not mentioned again', () => {
  const old = definitionOf({ type: 'string', format: 'a' })
  const definition = definitionOf({ type: 'string', format: 'a' }, { type: 'string', format: 'b' })
  assert.deepEqual(formatWarnings(definition, old), ['unrecognized format "b"'])
})
