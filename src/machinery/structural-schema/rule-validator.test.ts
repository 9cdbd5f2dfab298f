import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { RuleValidator } from './rule-validator.ts'
import { parseStructuralSchema } from './structural-schema.ts'

/** What is said of an object with this spec, and what is only warned of. */
function run(spec: JsonSchema, value: unknown, old?: { readonly spec: unknown }) {
  const schema = parseStructuralSchema({ type: 'object', properties: { spec } })
  const warnings: string[] = []
  const warn = (text: string) => {
    warnings.push(text)
  }
  const found = RuleValidator.of(schema, true)!.validate({ spec: value }, old ? { old: { value: old }, warn } : {})
  return {
    errors: found.map(({ field, detail }) => `${field}: ${detail}`),
    types: found.map(({ type }) => type),
    warnings,
  }
}

const ruled = (schema: JsonSchema, ...rules: readonly ValidationRule[]): JsonSchema => ({
  ...schema,
  'x-kubernetes-validations': rules,
})
const pair = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } }

const rows: { title: string; spec: JsonSchema; value: unknown; errors: string[] }[] = [
  { title: 'a rule that holds', spec: ruled(pair, { rule: 'self.a < self.b' }), value: { a: 1, b: 2 }, errors: [] },
  {
    title: 'a rule that has no message',
    spec: ruled(pair, { rule: 'self.a < self.b' }),
    value: { a: 3, b: 2 },
    errors: ['spec: Invalid value: failed rule: self.a < self.b'],
  },
  {
    title: 'a message that is made of the value',
    spec: ruled(pair, { rule: 'self.a < 2', messageExpression: "'a is ' + string(self.a)", message: 'no' }),
    value: { a: 3 },
    errors: ['spec: Invalid value: a is 3'],
  },
  {
    title: 'a message that cannot be made',
    spec: ruled(pair, { rule: 'self.a < 2', messageExpression: "'a is ' + string(self.b)", message: 'too much' }),
    value: { a: 3 },
    errors: ['spec: Invalid value: too much'],
  },
  {
    title: 'a place of its own',
    spec: ruled(pair, { rule: 'self.a < 2', message: 'too much', fieldPath: '.a', reason: 'FieldValueForbidden' }),
    value: { a: 3 },
    errors: ['spec.a: Forbidden: too much'],
  },
  {
    title: 'rules of items',
    spec: { type: 'array', items: ruled({ type: 'integer' }, { rule: 'self > 0', message: 'must be positive' }) },
    value: [1, 0, -1],
    errors: ['spec[1]: Invalid value: must be positive', 'spec[2]: Invalid value: must be positive'],
  },
  {
    title: 'rules of values of a map',
    spec: {
      type: 'object',
      additionalProperties: ruled({ type: 'integer' }, { rule: 'self > 0', message: 'must be positive' }),
    },
    value: { k: 0 },
    errors: ['spec[k]: Invalid value: must be positive'],
  },
  {
    title: 'rules about changes where nothing changes',
    spec: ruled(pair, { rule: 'self.a == oldSelf.a' }),
    value: { a: 3 },
    errors: [],
  },
]
for (const { title, spec, value, errors } of rows) {
  test(`a new object and ${title}`, () => {
    const withoutValues = run(spec, value).errors.map((error) =>
      error.replace(/Invalid value: (?:\{.*\}|-?\d+|"\w+"): /, 'Invalid value: '),
    )
    assert.deepEqual(withoutValues, errors)
  })
}

test('a rule about a change is run on changes', () => {
  const spec = ruled(pair, { rule: 'self.a >= oldSelf.a', message: 'a cannot shrink' })
  assert.equal(run(spec, { a: 1 }, { spec: { a: 2 } }).errors.length, 1)
  assert.equal(run(spec, { a: 2 }, { spec: { a: 2 } }).errors.length, 0)
})

test('items of lists of type map are compared with those of the same key', () => {
  const item = ruled(
    { type: 'object', required: ['k'], properties: { k: { type: 'string' }, a: { type: 'integer' } } },
    { rule: 'self.a >= oldSelf.a', message: 'a cannot shrink' },
  )
  const spec: JsonSchema = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: item,
  }
  const old = {
    spec: [
      { k: 'x', a: 5 },
      { k: 'y', a: 1 },
    ],
  }
  assert.deepEqual(
    run(
      spec,
      [
        { k: 'y', a: 2 },
        { k: 'x', a: 5 },
      ],
      old,
    ).errors,
    [],
  )
  assert.equal(
    run(
      spec,
      [
        { k: 'y', a: 0 },
        { k: 'x', a: 5 },
      ],
      old,
    ).errors.length,
    1,
  )
})

test('with an optional old value a rule is run on new values too', () => {
  const spec = ruled(pair, { rule: 'oldSelf.hasValue() || self.a == 0', optionalOldSelf: true, message: 'begins at 0' })
  assert.equal(run(spec, { a: 1 }).errors.length, 1)
  assert.equal(run(spec, { a: 1 }, { spec: { a: 0 } }).errors.length, 0)
})

test('a value that did not change may break a rule; the client is told', () => {
  const spec: JsonSchema = {
    type: 'object',
    properties: { old: ruled(pair, { rule: 'self.a < 2', message: 'too much' }), size: { type: 'integer' } },
  }
  const { errors, warnings } = run(spec, { old: { a: 3 }, size: 2 }, { spec: { old: { a: 3 }, size: 1 } })
  assert.deepEqual(errors, [])
  assert.equal(warnings.length, 1)
  assert.equal(run(spec, { old: { a: 4 }, size: 2 }, { spec: { old: { a: 3 }, size: 1 } }).errors.length, 1)
})
