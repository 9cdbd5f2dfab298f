import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import { customStrategy } from './strategy.ts'

const schema = parseStructuralSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { least: { type: 'integer' }, most: { type: 'integer' }, name: { type: 'string' } },
      'x-kubernetes-validations': [
        { rule: 'self.least <= self.most', message: 'least must not be above most' },
        { rule: 'self.name == oldSelf.name', message: 'name is immutable', fieldPath: '.name' },
      ],
    },
  },
})
const strategy = customStrategy({ schema: () => schema, subresources: undefined })
const context = { nowMs: 0, namespace: 'a', dryRun: false, user: { name: 'u', groups: [] }, warn: () => {} }
const object = (spec: object) => ({ apiVersion: 'e.io/v1', kind: 'Range', metadata: { name: 'r' }, spec })
const errorsOf = (errors: readonly { field: string; detail: string }[] = []) =>
  errors.map(({ field, detail }) => `${field}: ${detail}`)

const cases: { title: string; spec: object; old?: object; errors: string[] }[] = [
  { title: 'rules that hold', spec: { least: 1, most: 2, name: 'a' }, errors: [] },
  {
    title: 'a rule that fails',
    spec: { least: 3, most: 2, name: 'a' },
    errors: ['spec: Invalid value: least must not be above most'],
  },
  {
    title: 'a rule about the change',
    spec: { least: 1, most: 2, name: 'b' },
    old: { least: 1, most: 2, name: 'a' },
    errors: ['spec.name: Invalid value: name is immutable'],
  },
  {
    title: 'no rule is run on values of the wrong type',
    spec: { least: 'x', most: 2, name: 'a' },
    errors: ['spec.least: Invalid value: "string": spec.least in body must be of type integer: "string"'],
  },
]
for (const { title, spec, old, errors } of cases) {
  test(`custom objects and ${title}`, () => {
    const found = old
      ? strategy.validateUpdate!(object(spec), object(old), context)
      : strategy.validate!(object(spec), context)
    assert.deepEqual(errorsOf(found as never), errors)
  })
}
