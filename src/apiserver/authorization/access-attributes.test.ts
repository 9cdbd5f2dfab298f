import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ResourceAttributes } from '../../api/types/authorization/v1.ts'
import { askedAccess } from './access-attributes.ts'

const user = { name: 'jane', groups: [], extra: {} }
const ignored = (selector: string) => `spec.resourceAttributes.${selector} ignored due to parse error`

interface Row {
  readonly title: string
  readonly asked: ResourceAttributes
  readonly fieldSelector?: string
  readonly labelSelector?: string
  readonly errors?: readonly string[]
}

const rows: Row[] = [
  { title: 'texts', asked: { fieldSelector: { rawSelector: 'a=b' } }, fieldSelector: 'a=b' },
  {
    title: 'requirements',
    asked: {
      fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
      labelSelector: { requirements: [{ key: 'app', operator: 'NotIn', values: ['a', 'b'] }] },
    },
    fieldSelector: 'spec.nodeName=n1',
    labelSelector: 'app notin (a,b)',
  },
  {
    title: 'a text that makes no sense, which narrows nothing',
    asked: { fieldSelector: { rawSelector: 'a' }, labelSelector: { rawSelector: 'a in' } },
    errors: [ignored('fieldSelector'), ignored('labelSelector')],
  },
  {
    title: 'operators that fields do not have',
    asked: { fieldSelector: { requirements: [{ key: 'a', operator: 'Exists' }] } },
    errors: [ignored('fieldSelector')],
  },
  {
    title: 'several values, which fields do not have',
    asked: { fieldSelector: { requirements: [{ key: 'a', operator: 'In', values: ['1', '2'] }] } },
    errors: [ignored('fieldSelector')],
  },
  {
    title: 'what is left of a selector',
    asked: {
      labelSelector: {
        requirements: [
          { key: 'app', operator: 'Exists' },
          { key: 'b', operator: 'Like' },
        ],
      },
    },
    labelSelector: 'app',
    errors: ['spec.resourceAttributes.labelSelector partially ignored due to parse error'],
  },
]

describe('a review asks by', () => {
  for (const { title, asked, fieldSelector, labelSelector, errors = [] } of rows) {
    test(title, () => {
      const found = askedAccess({ resourceAttributes: { verb: 'list', resource: 'pods', ...asked } }, user)
      assert.equal(found.attributes.fieldSelector, fieldSelector)
      assert.equal(found.attributes.labelSelector, labelSelector)
      assert.deepEqual(found.errors, errors)
    })
  }

  test('any version, where it names none', () => {
    assert.equal(askedAccess({ resourceAttributes: { resource: 'pods' } }, user).attributes.version, '*')
  })
})
