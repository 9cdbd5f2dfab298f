import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchema, ValidationRule } from '../../../machinery/structural-schema/json-schema.ts'
import { rootSchemaErrors } from './root-schema.ts'
import { createOptions } from './validation-options.ts'

const advice =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
const schemaPath = 'schema.openAPIV3Schema'
const specPath = `${schemaPath}.properties[spec]`

/** Errors for an object whose spec has this schema. */
function errorsOf(spec: JsonSchema, { isUnchanged = false } = {}): string[] {
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  const options = { path: 'schema', options: createOptions, hasStatus: false, isUnchanged }
  return rootSchemaErrors({ openAPIV3Schema }, options).map(({ field, detail }) => `${field}: ${detail}`)
}

const ruled = (schema: JsonSchema, ...rules: readonly Partial<ValidationRule>[]): JsonSchema => ({
  ...schema,
  'x-kubernetes-validations': rules as readonly ValidationRule[],
})
const numbers = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } }
const list = (items: JsonSchema, more: object = {}): JsonSchema => ({ type: 'array', items, ...more })
const object = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties })
const quoted = (rule: Partial<ValidationRule>) => {
  const { rule: Rule, messageExpression: MessageExpression = '' } = rule
  const written = { Rule, Message: '', MessageExpression, Reason: null, FieldPath: '', OptionalOldSelf: null }
  return JSON.stringify(written).replaceAll('>', '\\u003e')
}
const rulePath = `${specPath}.x-kubernetes-validations[0]`

const unknownField = { rule: 'self.c > 1' }
const notBoolean = { rule: 'self.a + self.b' }
const brokenMessage = { rule: 'self.a > 1', messageExpression: 'self.a +' }
const numericMessage = { rule: 'self.a > 1', messageExpression: 'self.a' }
const transition = { rule: 'self.a >= oldSelf.a' }
const keyed = object({ k: { type: 'string' }, a: { type: 'integer' } })

const rows: { title: string; spec: JsonSchema; errors: readonly string[] }[] = [
  {
    title: 'rules that are right',
    spec: ruled(
      numbers,
      { rule: 'self.a < self.b', messageExpression: 'self.a > 5 ? "large" : "small"' },
      { ...transition, reason: 'FieldValueForbidden', fieldPath: '.a' },
      { rule: 'oldSelf.hasValue() || self.a == 0', optionalOldSelf: true },
    ),
    errors: [],
  },
  {
    title: 'a field there is not',
    spec: ruled(numbers, unknownField),
    errors: [
      `${rulePath}.rule: Invalid value: ${quoted(unknownField)}: compilation failed: ERROR: <input>:1:5: undefined field 'c'\n | self.c > 1\n | ....^`,
    ],
  },
  {
    title: 'a rule that is no question',
    spec: ruled(numbers, notBoolean),
    errors: [`${rulePath}.rule: Invalid value: ${quoted(notBoolean)}: cel expression must evaluate to a bool`],
  },
  {
    title: 'a message that cannot be read',
    spec: ruled(numbers, brokenMessage),
    errors: [
      `${rulePath}.messageExpression: Invalid value: ${quoted(brokenMessage)}: messageExpression compilation failed: ` +
        "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.a +\n | ........^",
    ],
  },
  {
    title: 'a message that is no text',
    spec: ruled(numbers, numericMessage),
    errors: [
      `${rulePath}.messageExpression: Invalid value: ${quoted(numericMessage)}: messageExpression must evaluate to a string`,
    ],
  },
  {
    title: 'the old value of an item that is not known again',
    spec: list(ruled(numbers, transition), { maxItems: 10 }),
    errors: [
      `${specPath}.items.x-kubernetes-validations[0].rule: Invalid value: "self.a >= oldSelf.a": ` +
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${specPath}`,
    ],
  },
  {
    title: 'the old value of an item that is known by its key',
    spec: list(ruled({ ...keyed, required: ['k'] }, transition), {
      maxItems: 10,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    }),
    errors: [],
  },
  {
    title: 'the old value in a map',
    spec: { type: 'object', additionalProperties: ruled(numbers, transition), maxProperties: 10 },
    errors: [],
  },
  {
    title: 'an optional old value that is not used',
    spec: ruled(numbers, { rule: 'self.a > 1', optionalOldSelf: true }),
    errors: [`${rulePath}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`],
  },
  {
    title: 'a rule that costs too much',
    spec: ruled(list({ type: 'string' }), { rule: 'self.all(x, self.all(y, x == y))' }),
    errors: [
      `${rulePath}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${advice}`,
      `${rulePath}.rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `${schemaPath}: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${advice}`,
    ],
  },
  {
    title: 'the same rule within bounds',
    spec: ruled(list({ type: 'string', maxLength: 10 }, { maxItems: 50 }), {
      rule: 'self.all(x, self.all(y, x == y))',
    }),
    errors: [],
  },
  {
    title: 'a rule of items without a bound',
    spec: list(ruled({ type: 'string', maxLength: 1000 }, { rule: 'self.contains("abc")' })),
    errors: [
      `${specPath}.items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 42.0x ${advice}`,
      `${specPath}.items.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `${schemaPath}: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 4.2x ${advice}`,
    ],
  },
  {
    title: 'no rules where something else is wrong at their place or below',
    spec: ruled(object({ a: { type: 'string', uniqueItems: true } }), unknownField),
    errors: [
      `${specPath}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
  },
  {
    title: 'rules of what expressions cannot see',
    spec: ruled({ 'x-kubernetes-preserve-unknown-fields': true }, { rule: 'true' }),
    errors: [
      `${specPath}.x-kubernetes-validations: Internal error: internal error: failed to construct type information for ` +
        'x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
    ],
  },
]
for (const { title, spec, errors } of rows) {
  test(`a definition with ${title}`, () => assert.deepEqual(errorsOf(spec), errors))
}

test('a schema that was there before keeps what its single rules cost, not what all do', () => {
  const spec = ruled(list({ type: 'string', maxLength: 100 }, { maxItems: 300 }), {
    rule: 'self.all(x, self.all(y, x.contains(y)))',
  })
  const cost = 'estimated rule cost exceeds budget by factor of'
  assert.match(errorsOf(spec)[0]!, new RegExp(cost))
  assert.ok(errorsOf(spec, { isUnchanged: true }).every((error) => !error.includes(`Forbidden: ${cost}`)))
})
