import assert from 'node:assert/strict'
import { test } from 'node:test'
import { descriptorOf } from './wire.ts'

test('a table of strings becomes a descriptor in nested packages', () => {
  const messages = { Question: { ids: 'repeated int64 1', labels: 'map<string, string> 2' }, Answer: { ok: 'bool 1' } }
  const methods = { Ask: ['Question', 'Answer'], Listen: ['Question', 'Answer', 'stream'] } as const
  assert.deepEqual(descriptorOf({ packageName: 'a.v1', messages, services: { Oracle: methods } }), {
    nested: {
      a: {
        nested: {
          v1: {
            nested: {
              Question: {
                fields: {
                  ids: { type: 'int64', id: 1, rule: 'repeated' },
                  labels: { keyType: 'string', type: 'string', id: 2 },
                },
              },
              Answer: { fields: { ok: { type: 'bool', id: 1 } } },
              Oracle: {
                methods: {
                  Ask: { requestType: 'Question', responseType: 'Answer' },
                  Listen: { requestType: 'Question', responseType: 'Answer', responseStream: true },
                },
              },
            },
          },
        },
      },
    },
  })
})

test('what is no field is refused', () => {
  const messages = { Wrong: { field: 'int64' } }
  assert.throws(() => descriptorOf({ packageName: 'a', messages, services: {} }), /not a field: int64/)
})
