import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateControllerRevision, validateControllerRevisionUpdate } from './controller-revision.ts'

const rows: { title: string; object: { revision: number; data?: unknown }; wrong: string[] }[] = [
  { title: 'an object', object: { revision: 1, data: {} }, wrong: [] },
  { title: 'nothing', object: { revision: 1 }, wrong: ['data: Required value: data is mandatory'] },
  {
    title: 'a list',
    object: { revision: 1, data: [] },
    wrong: ['data: Required value: data must be a valid JSON object'],
  },
  {
    title: 'less than nothing',
    object: { revision: -1, data: {} },
    wrong: ['revision: Invalid value: -1: must be greater than or equal to 0'],
  },
]

for (const { title, object, wrong } of rows) {
  test(`a ControllerRevision holds ${title}`, () => {
    const errors = validateControllerRevision(object as Parameters<typeof validateControllerRevision>[0])
    assert.deepEqual(
      errors.map(({ field, detail }) => `${field}: ${detail}`),
      wrong,
    )
  })
}

test('the data of a ControllerRevision stays', () => {
  const [error] = validateControllerRevisionUpdate({ revision: 1, data: { a: 1 } }, { revision: 1, data: {} })
  assert.equal(error?.detail, 'Invalid value: {"a":1}: field is immutable')
})
